#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "export/input.h"

namespace ridgeline {

/// What is recorded of the images that a model takes; empty where it is not.
struct ModelInput {
  std::optional<int> resolution, channels;
  ExportInput images = {};
};

/// A file of a trained network, ready to classify.
class Classifier {
 public:
  virtual ~Classifier() = default;

  const ModelInput& input() const { return input_; }
  /// That runs it: "LibTorch 1.13.1", "ONNX Runtime 1.23.2".
  const std::string& program() const { return program_; }
  /// images: [N, C, H, W] fp32, in the form that `input` says -> outputs before softmax, fp32,
  /// [N, classes]. Throws `kRun` where the file does not run on them.
  virtual at::Tensor logits(const at::Tensor& images) = 0;

 protected:
  ModelInput input_;
  std::string program_;
};

/// Opens a file that `ridgeline export` writes, by its name: *.ts.pt, *.onnx (in ONNX Runtime),
/// *.py (in PyTorch, with model.safetensors in its folder), or weights (*.pt, *.safetensors) with
/// architecture.yaml in their folder. What the images must be is read from the file itself and the
/// files in its folder (architecture.yaml, model.safetensors). `threads`: of the program that runs
/// it. Throws `kUsage` for another name or a file that lacks its neighbour, `kUnchecked` where no
/// Python here has what it needs, `kIo`, `kData`, `kConfig` or `kRun` for a file that cannot be
/// used.
std::unique_ptr<Classifier> open_classifier(const std::filesystem::path& file, int threads);

/// The file in a folder that `open_classifier` takes: the first there is of best.safetensors,
/// model.safetensors, weights.pt (these with architecture.yaml), model.ts.pt, model_frozen.ts.pt,
/// model.onnx, model_bf16.ts.pt. Throws `kUsage` where there is none.
std::filesystem::path model_in_folder(const std::filesystem::path& folder);

}  // namespace ridgeline
