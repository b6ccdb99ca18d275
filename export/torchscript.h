#pragma once

#include <filesystem>
#include <optional>

#include "accuracy/normalization.h"
#include "runtime/network_module.h"

namespace ridgeline {

/// Writes the module's network with its weights as a TorchScript file that `torch.jit.load` opens
/// in C++ and Python, trainable there, in evaluation mode, fp32 on the CPU, parameter and buffer
/// names as in the runtime. Input [N, C, H, W] fp32, any N; output logits [N, classes]. A
/// `normalization`, one value per channel, becomes the attributes `mean` and `std` (lists) and
/// `includes_preprocessing`: whether the file normalizes pixels from 0 to 1 itself. Atomic; throws
/// `kIo` when the path cannot be written, `kUsage` for preprocessing without a normalization.
void export_torchscript(NetworkModule& module, const std::filesystem::path& path,
                        const std::optional<Normalization>& normalization = {},
                        bool include_preprocessing = false);

/// The same for a network that nobody has trained, with random weights, the same at each call: for
/// programs that time it.
void export_untrained_torchscript(const Network& network, const std::filesystem::path& path);

/// Largest absolute difference between the file's outputs and the module's in evaluation mode,
/// relative to the largest output where that is above 1, on a random batch drawn from `seed`; NaN
/// when either gives NaN. A file that normalizes is given the pixels that it makes the module's
/// images of. Throws `kIo` when the file cannot be loaded, `kRun` when it has another
/// kind of output.
double verify_torchscript(NetworkModule& module, const std::filesystem::path& path, uint64_t seed);

}  // namespace ridgeline
