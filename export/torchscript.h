#pragma once

#include <filesystem>
#include <string>

#include "network/network.h"
#include "runtime/network_module.h"

namespace ridgeline {

/// Writes `network` with the weights of `module` as a TorchScript file that `torch.jit.load` opens in C++ and
/// Python, trainable there, parameter names as in the runtime. Input [N, C, H, W] fp32, any N; output logits [N, classes].
void export_torchscript(NetworkModule& module, const std::filesystem::path& path);

/// Largest absolute difference between the file's outputs and the module's in evaluation mode, on a random
/// batch drawn from `seed`.
double verify_torchscript(NetworkModule& module, const std::filesystem::path& path, uint64_t seed);

}  // namespace ridgeline
