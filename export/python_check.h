#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <string>
#include <vector>

namespace ridgeline {

/// The Pythons that are tried, in order: those in the environment variable RIDGELINE_PYTHON
/// (separated by colons), `python3`, /usr/bin/python3.
std::vector<std::string> pythons();

/// A file to run on a batch of images in a Python of this machine.
struct PythonRun {
  std::filesystem::path file;
  at::Tensor images;  ///< [N, C, H, W] fp32
};

struct PythonResults {
  std::vector<at::Tensor> outputs;  ///< one per run; empty where there is no program
  std::string program;              ///< "PyTorch 1.13.0", "ONNX Runtime 1.23.2"
  std::string missing;              ///< why nothing ran; empty: it did
};

/// Runs Python files that `pytorch_source` wrote with their weights (model.safetensors in the same
/// folder; without that file, untrained), all in one process. The first of `pythons()` that has
/// torch is taken. Throws `kRun` when a file fails there.
PythonResults run_pytorch_files(const std::vector<PythonRun>& runs);

/// The same for ONNX files in ONNX Runtime.
PythonResults run_onnx_files(const std::vector<PythonRun>& runs);

}  // namespace ridgeline
