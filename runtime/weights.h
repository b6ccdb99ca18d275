#pragma once

#include <torch/nn/module.h>

#include <filesystem>
#include <map>
#include <string>

namespace ridgeline {

/// Saves tensors by name, atomically, as the plain dictionary that `torch.save` would write:
/// Python's `torch.load` opens it, also with `weights_only=True`.
void save_tensors(const std::map<std::string, at::Tensor>& tensors,
                  const std::filesystem::path& path);

/// Loads what `save_tensors` or `save_weights` wrote. Throws `kData` for any other file.
std::map<std::string, at::Tensor> load_tensors(const std::filesystem::path& path);

/// Saves all parameters and buffers by name: as safetensors where the file is called so, else with
/// `save_tensors`.
void save_weights(const torch::nn::Module& module, const std::filesystem::path& path);

/// Loads such a file into `module`; every name, shape and type must match, none missing, none left
/// over but PyTorch's `num_batches_tracked`. Throws `kData` and then leaves the module as it was.
void load_weights(torch::nn::Module& module, const std::filesystem::path& path);

}  // namespace ridgeline
