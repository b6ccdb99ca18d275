#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "export/input.h"
#include "runtime/network_module.h"

namespace ridgeline {

/// The version of the operators that files are written in; every runtime since 2021 reads it.
inline constexpr int kOnnxOpset = 13;

/// Why this build writes no ONNX, with the remedy; empty where it does.
std::string onnx_missing();

struct OnnxOptions {
  ExportInput input = {};
  std::vector<std::pair<std::string, std::string>> metadata = {};  ///< what readers may look up
};

/// Writes the module's network with its weights as an ONNX file: input "images" [N, C, H, W] fp32,
/// any N, output "logits" [N, classes], nodes and weights with the names of the network, each batch
/// norm folded into the convolution before it, dropout left out. The file holds the shape of every
/// value and has passed the checker and the strict shape inference of libonnx. Atomic; throws `kIo`
/// when it cannot be written, `kUsage` where this build writes none (`onnx_missing`), `kInternal`
/// when the checker refuses the file.
void export_onnx(const NetworkModule& module, const std::filesystem::path& path,
                 const OnnxOptions& options = {});

/// The same for a network that nobody has trained, with random weights, the same at each call.
void export_untrained_onnx(const Network& network, const std::filesystem::path& path);

}  // namespace ridgeline
