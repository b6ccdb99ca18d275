#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace ridgeline {

/// Adam (Kingma & Ba 2015) over one flat vector of float parameters, with beta1 = 0.9, beta2 =
/// 0.999 and epsilon = 1e-8. The state is three members, so that a checkpoint is a copy of them.
struct Adam {
  Adam(int64_t parameters, double learning_rate);

  /// One step along `gradient` [parameters]; changes `weights` [parameters] in place.
  void step(at::Tensor& weights, const at::Tensor& gradient);

  double learning_rate;
  int64_t steps = 0;
  at::Tensor mean;      ///< first moment, [parameters]
  at::Tensor variance;  ///< second, uncentred moment, [parameters]
};

}  // namespace ridgeline
