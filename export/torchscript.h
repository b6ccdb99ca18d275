#pragma once

#include <filesystem>

#include "runtime/network_module.h"

namespace ridgeline {

/// Writes the module's network with its weights as a TorchScript file that `torch.jit.load` opens
/// in C++ and Python, trainable there, in evaluation mode, fp32 on the CPU, parameter and buffer
/// names as in the runtime. Input [N, C, H, W] fp32, any N; output logits [N, classes]. Atomic;
/// throws `kIo` when the path cannot be written.
void export_torchscript(NetworkModule& module, const std::filesystem::path& path);

/// The same for a network that nobody has trained, with random weights, the same at each call: for
/// programs that time it.
void export_untrained_torchscript(const Network& network, const std::filesystem::path& path);

/// Largest absolute difference between the file's outputs and the module's in evaluation mode,
/// relative to the largest output where that is above 1, on a random batch drawn from `seed`; NaN
/// when either gives NaN. Throws `kIo` when the file cannot be loaded, `kRun` when it has another
/// kind of output.
double verify_torchscript(NetworkModule& module, const std::filesystem::path& path, uint64_t seed);

}  // namespace ridgeline
