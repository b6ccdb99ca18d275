#pragma once

#include <ATen/core/Tensor.h>

#include "runtime/kernels/batch_norm_loops.h"

namespace ridgeline::kernels {

/// A batch norm's tensors, each [C] in float.
struct BatchNormTensors {
  const at::Tensor &weight, &bias;
  const at::Tensor &running_mean, &running_var;
};

/// Whether the functions below take x: float on a CPU, [N, C, H, W], more than one value a channel.
bool takes_batch_norm(const at::Tensor& x);

/// activation(batch norm(x)) by the statistics of the batch, which are mixed with weight `momentum`
/// into the running ones. x [N, C, H, W] in channels-last layout (any other is copied) -> the same.
/// As at::batch_norm in training mode and the activation after it, values and gradients within
/// rounding, and the same for any number of threads. REQUIRES: takes_batch_norm.
at::Tensor batch_norm_activation(const at::Tensor& x, const BatchNormTensors& tensors,
                                 double momentum, double epsilon, FusedActivation activation);
/// The same by the running statistics, without gradients. REQUIRES: takes_batch_norm.
at::Tensor scored_batch_norm_activation(const at::Tensor& x, const BatchNormTensors& tensors,
                                        double epsilon, FusedActivation activation);

}  // namespace ridgeline::kernels
