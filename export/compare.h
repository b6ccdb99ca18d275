#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>

#include "runtime/network_module.h"

namespace ridgeline {

/// Runs `other` and the module, in evaluation mode and without gradients, on one batch of three
/// random images drawn from `seed` (fp32 on the CPU) and returns the largest absolute difference of
/// their outputs, relative to the module's largest output where that is above 1. NaN when either
/// gives NaN. Throws `kRun` when the shapes differ. The module's mode is as before afterwards.
double output_difference(NetworkModule& module,
                         const std::function<at::Tensor(const at::Tensor&)>& other, uint64_t seed);

}  // namespace ridgeline
