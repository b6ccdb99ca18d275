#pragma once

#include <cstdint>

namespace ridgeline::kernels {

/// What follows a batch norm in the same pass.
enum class FusedActivation { kIdentity, kRelu, kSwish };

// Every array of values is [rows, C] in channels-last order: a row is one pixel of one image. All
// others are [C]. Threads share the work by rows.

/// sum += x - shift and squares += (x - shift)^2, per channel. Zero them first.
void add_sums(const float* x, const float* shift, int64_t rows, int64_t channels, float* sum,
              float* squares);
/// y = activation(x * scale + offset)
void scale_and_activate(const float* x, const float* scale, const float* offset, int64_t rows,
                        int64_t channels, FusedActivation activation, float* y);
/// g = dy * activation'(x * scale + offset), and per channel sum += g and products += g * (x -
/// mean). Zero both first.
void activation_gradient(const float* x, const float* dy, const float* scale, const float* offset,
                         const float* mean, int64_t rows, int64_t channels,
                         FusedActivation activation, float* g, float* sum, float* products);
/// g = scale * (g - shift - (x - mean) * slope)
void batch_norm_gradient(const float* x, const float* mean, const float* scale, const float* shift,
                         const float* slope, int64_t rows, int64_t channels, float* g);

}  // namespace ridgeline::kernels
