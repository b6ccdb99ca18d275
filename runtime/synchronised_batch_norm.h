#pragma once

#include <ATen/core/Tensor.h>

#include "runtime/rank_group.h"

namespace ridgeline {

struct BatchNormTensors {
  at::Tensor weight, bias;               ///< [C]
  at::Tensor running_mean, running_var;  ///< [C]; moved towards the batch's, as `at::batch_norm`
};

/// Training-mode batch normalisation of x [n, C, H, W] with the mean and variance over the batches
/// of all ranks, which may have different n. Its gradient is the whole batch's: the sum over the
/// ranks of weight and bias gradients is what one process with all images computes. `total_count`:
/// values per channel in the batches of all ranks.
at::Tensor synchronised_batch_norm(const at::Tensor& x, const BatchNormTensors& tensors,
                                   double momentum, double epsilon, double total_count,
                                   RankGroup& ranks);

}  // namespace ridgeline
