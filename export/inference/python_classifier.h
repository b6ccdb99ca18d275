#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "export/inference/classifier.h"

namespace ridgeline {

/// Notes by name, as ONNX and safetensors files have them.
using Notes = std::map<std::string, std::string>;

/// What `notes_of` of an export wrote into such notes. `path` is for messages.
ModelInput input_of_notes(const Notes& notes, const std::filesystem::path& path);

/// An ONNX file in ONNX Runtime, which a Python of this machine (export/python_check.h) runs beside
/// this process; batches go there and come back through a pipe. Throws `kUnchecked` where no Python
/// has it, `kRun` for a file that it does not load.
std::unique_ptr<Classifier> open_onnx_classifier(const std::filesystem::path& file, int threads);

/// The same for a Python file of an export in PyTorch. Throws `kUsage` without model.safetensors in
/// its folder.
std::unique_ptr<Classifier> open_pytorch_classifier(const std::filesystem::path& file, int threads);

}  // namespace ridgeline
