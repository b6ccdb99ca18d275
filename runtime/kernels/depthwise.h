#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>

namespace ridgeline::kernels {

/// Zeros around an image.
struct ImagePadding {
  int64_t top = 0, bottom = 0, left = 0, right = 0;
};

/// Whether `depthwise_convolution` takes this: float on a CPU, one filter per channel, stride 1 or
/// more, a window of at most 49.
bool takes_depthwise(const at::Tensor& x, const at::Tensor& weight, int64_t groups);

/// x [N, C, H, W] in channels-last layout (any other is copied), weight [C, 1, KH, KW] -> [N, C,
/// OH, OW] in channels-last layout. As at::conv2d with `groups` = C, values and gradients within
/// rounding, and the same for any number of threads. REQUIRES: takes_depthwise.
at::Tensor depthwise_convolution(const at::Tensor& x, const at::Tensor& weight, int64_t stride,
                                 const ImagePadding& padding);

}  // namespace ridgeline::kernels
