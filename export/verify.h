#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "export/input.h"
#include "runtime/network_module.h"

namespace ridgeline {

/// Largest differences that still count as the same network, relative to the largest output where
/// that is above 1: of a file that LibTorch computes in the same order, and of one that another
/// program computes, or whose batch norms are folded.
inline constexpr double kReloadTolerance = 1e-5;
inline constexpr double kExportTolerance = 1e-4;
/// Of a bf16 file, from what LibTorch computes in bf16 with the same operators.
inline constexpr double kBf16Tolerance = 0.05;

/// Random images and what the network makes of them. It stays beside exported files
/// (probe.safetensors), so that they can be checked at any later time.
struct Probe {
  at::Tensor images;        ///< in the form that the files take
  at::Tensor normalized;    ///< as the network itself takes them; the same where files do not
                            ///< normalize
  at::Tensor outputs;       ///< [N, classes]
  at::Tensor bf16_outputs;  ///< [N, classes], computed in bf16 but for the batch norms
};
inline constexpr const char* kProbeFile = "probe.safetensors";

/// What the network makes of normalized images in bf16, as a bf16 file computes it: batch norms
/// keep fp32 parameters.
at::Tensor bf16_outputs(NetworkModule& module, const at::Tensor& images);

/// Throws `kRun` when the network gives NaN: its weights have diverged.
Probe make_probe(NetworkModule& module, const ExportInput& input);
void save_probe(const Probe& probe, const std::filesystem::path& path);
/// Throws `kData` when the file is no probe.
Probe load_probe(const std::filesystem::path& path);

struct FileCheck {
  double difference = 0;     ///< from the network's outputs in fp32, relative as above
  std::string program;       ///< that loaded the file: "LibTorch 1.13.1"
  std::string missing = {};  ///< why the file was not checked; empty: it was
};

/// Loads an exported file and compares its outputs on the probe's images. Which program loads it
/// follows from its name: *.ts.pt and weights (weights.pt, *.safetensors) LibTorch, *.onnx ONNX
/// Runtime, *.py PyTorch. For weights, `network` is what they are of. Other files are only read.
/// Throws `kRun` when the outputs differ, or as reading the file throws.
FileCheck check_file(const std::filesystem::path& path, const Probe& probe, const Network& network);

/// The same for a file of an export, with probe.safetensors and architecture.yaml in its folder.
FileCheck check_file(const std::filesystem::path& path);

}  // namespace ridgeline
