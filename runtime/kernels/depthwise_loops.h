#pragma once

#include <cstdint>

namespace ridgeline::kernels {

/// One depthwise convolution over images in channels-last order, [N, H, W, C].
struct DepthwiseShape {
  int64_t channels = 0, height = 0, width = 0;
  int64_t kernel_h = 0, kernel_w = 0, stride = 1;
  int64_t pad_top = 0, pad_left = 0;      ///< zeros before the first row and column
  int64_t out_height = 0, out_width = 0;  ///< padding after the last ones follows from these
};
/// Larger windows are left to LibTorch.
constexpr int64_t kLargestWindow = 49;

// Weights are [kernel_h * kernel_w, C]: a window position is one row. Each function works on a part
// [first, last) of the images or channels, so that threads can share the work; a result does not
// depend on how it is divided.

/// y[N, OH, OW, C]
void depthwise_forward(const DepthwiseShape& shape, const float* x, const float* weight, float* y,
                       int64_t first_image, int64_t last_image);
/// dx[N, H, W, C] = the gradient by x.
void depthwise_input_gradient(const DepthwiseShape& shape, const float* dy, const float* weight,
                              float* dx, int64_t first_image, int64_t last_image);
/// dw[kernel_h * kernel_w, C] = the gradient by the weights, summed over all images.
void depthwise_weight_gradient(const DepthwiseShape& shape, int64_t images, const float* x,
                               const float* dy, float* dw, int64_t first_channel,
                               int64_t last_channel);

}  // namespace ridgeline::kernels
