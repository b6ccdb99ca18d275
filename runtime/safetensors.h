#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <string>

namespace ridgeline {

/// A file in the safetensors format: tensors and notes, each by name. The file is the length of
/// the header (8 bytes, little-endian), the header (JSON: type, shape and place of every tensor),
/// and the values. See https://github.com/huggingface/safetensors.
struct SafeTensors {
  std::map<std::string, at::Tensor> tensors;
  std::map<std::string, std::string> metadata = {};
};

/// Whether the file's name says that it is one: *.safetensors.
bool is_safetensors(const std::filesystem::path& path);

/// Writes contiguous copies of the tensors (NCHW), atomically. Throws `kRun` for NaN or infinity:
/// such a network has diverged; `kIo` when the file cannot be written; `kInternal` for a type that
/// the format does not have.
void save_safetensors(const SafeTensors& content, const std::filesystem::path& path);

/// The tensors have memory of their own, on the CPU. Throws `kIo` when the file cannot be read,
/// `kData` when it is cut off, its header or the place of a tensor is wrong, or a value is NaN or
/// infinite.
SafeTensors load_safetensors(const std::filesystem::path& path);

}  // namespace ridgeline
