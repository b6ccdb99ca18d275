#pragma once

#include <torch/nn/module.h>

#include <filesystem>

namespace ridgeline {

/// Saves all parameters and buffers by name, atomically, as a plain dictionary that Python's
/// `torch.load` opens.
void save_weights(const torch::nn::Module& module, const std::filesystem::path& path);

/// Loads into `module`; every name, shape and type must match, none missing, none left over. Throws
/// `kData` and then leaves the module as it was.
void load_weights(torch::nn::Module& module, const std::filesystem::path& path);

}  // namespace ridgeline
