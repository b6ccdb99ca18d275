#pragma once

#include <ATen/core/Tensor.h>

namespace ridgeline::kernels {

/// Whether `pointwise_convolution` takes this: float on a CPU in channels-last layout, one group,
/// and matrix products do not come from the slow reference BLAS.
bool takes_pointwise(const at::Tensor& x, const at::Tensor& weight, int64_t groups);

/// x [N, C, H, W], weight [K, C, 1, 1], bias [K] or undefined -> [N, K, H, W] in channels-last
/// layout: a 1 x 1 convolution of stride 1 as one product of matrices, which the BLAS computes
/// without reordering the weights. REQUIRES: takes_pointwise.
at::Tensor pointwise_convolution(const at::Tensor& x, const at::Tensor& weight,
                                 const at::Tensor& bias);

}  // namespace ridgeline::kernels
