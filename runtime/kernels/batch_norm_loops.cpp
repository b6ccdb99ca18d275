#include "runtime/kernels/batch_norm_loops.h"

#include <bit>

#include "runtime/kernels/instruction_sets.h"

namespace ridgeline::kernels {
namespace {

/// exp(-|z|) in straight-line code, which compilers turn into vector instructions: 2^n * 2^f with a
/// polynomial for |f| <= 1/2 (the Taylor series of exp(f ln 2), relative error below 2e-7).
RIDGELINE_INLINE float exp_of_negative(float z) {
  constexpr float kLog2E = 1.44269504F, kLn2High = 0.693145752F, kLn2Low = 1.42860677e-6F;
  constexpr float kRound = 12582912.0F;  // 1.5 * 2^23: adding it leaves no fraction
  const float x = z < 0 ? z : -z;
  const float bounded = x < -87.0F ? -87.0F : x;
  const float n = (bounded * kLog2E + kRound) - kRound;
  const float r = (bounded - n * kLn2High) - n * kLn2Low;
  float p = 1.0F / 720;
  p = p * r + 1.0F / 120;
  p = p * r + 1.0F / 24;
  p = p * r + 1.0F / 6;
  p = p * r + 0.5F;
  p = p * r + 1.0F;
  p = p * r + 1.0F;
  const float power = std::bit_cast<float>((static_cast<int32_t>(n) + 127) << 23);
  return p * power;
}

RIDGELINE_INLINE float sigmoid(float z) {
  const float e = exp_of_negative(z), q = 1.0F / (1.0F + e);
  return z < 0 ? e * q : q;
}

template <FusedActivation kind>
RIDGELINE_INLINE float value(float z) {
  if constexpr (kind == FusedActivation::kRelu) return z > 0 ? z : 0.0F;
  if constexpr (kind == FusedActivation::kSwish) return z * sigmoid(z);
  return z;
}
template <FusedActivation kind>
RIDGELINE_INLINE float slope_at(float z) {
  if constexpr (kind == FusedActivation::kRelu) return z > 0 ? 1.0F : 0.0F;
  if constexpr (kind == FusedActivation::kSwish) {
    const float s = sigmoid(z);
    return s + z * s * (1.0F - s);
  }
  return 1.0F;
}

template <FusedActivation kind>
RIDGELINE_INLINE void scale_rows(const float* __restrict x, const float* __restrict scale,
                                 const float* __restrict offset, int64_t rows, int64_t channels,
                                 float* __restrict y) {
  for (int64_t row = 0; row < rows; ++row) {
    const int64_t at = row * channels;
    for (int64_t c = 0; c < channels; ++c)
      y[at + c] = value<kind>(x[at + c] * scale[c] + offset[c]);
  }
}

template <FusedActivation kind>
RIDGELINE_INLINE void gradient_rows(const float* __restrict x, const float* __restrict dy,
                                    const float* __restrict scale, const float* __restrict offset,
                                    const float* __restrict mean, int64_t rows, int64_t channels,
                                    float* __restrict g, float* __restrict sum,
                                    float* __restrict products) {
  for (int64_t row = 0; row < rows; ++row) {
    const int64_t at = row * channels;
    for (int64_t c = 0; c < channels; ++c) {
      const float gradient = dy[at + c] * slope_at<kind>(x[at + c] * scale[c] + offset[c]);
      g[at + c] = gradient;
      sum[c] += gradient;
      products[c] += gradient * (x[at + c] - mean[c]);
    }
  }
}

}  // namespace

RIDGELINE_INSTRUCTION_SETS
void add_sums(const float* __restrict x, const float* __restrict shift, int64_t rows,
              int64_t channels, float* __restrict sum, float* __restrict squares) {
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t c = 0; c < channels; ++c) {
      const float d = x[row * channels + c] - shift[c];
      sum[c] += d;
      squares[c] += d * d;
    }
  }
}

RIDGELINE_INSTRUCTION_SETS
void scale_and_activate(const float* x, const float* scale, const float* offset, int64_t rows,
                        int64_t channels, FusedActivation activation, float* y) {
  switch (activation) {
    case FusedActivation::kIdentity:
      return scale_rows<FusedActivation::kIdentity>(x, scale, offset, rows, channels, y);
    case FusedActivation::kRelu:
      return scale_rows<FusedActivation::kRelu>(x, scale, offset, rows, channels, y);
    case FusedActivation::kSwish:
      return scale_rows<FusedActivation::kSwish>(x, scale, offset, rows, channels, y);
  }
}

RIDGELINE_INSTRUCTION_SETS
void activation_gradient(const float* x, const float* dy, const float* scale, const float* offset,
                         const float* mean, int64_t rows, int64_t channels,
                         FusedActivation activation, float* g, float* sum, float* products) {
  switch (activation) {
    case FusedActivation::kIdentity:
      return gradient_rows<FusedActivation::kIdentity>(x, dy, scale, offset, mean, rows, channels,
                                                       g, sum, products);
    case FusedActivation::kRelu:
      return gradient_rows<FusedActivation::kRelu>(x, dy, scale, offset, mean, rows, channels, g,
                                                   sum, products);
    case FusedActivation::kSwish:
      return gradient_rows<FusedActivation::kSwish>(x, dy, scale, offset, mean, rows, channels, g,
                                                    sum, products);
  }
}

RIDGELINE_INSTRUCTION_SETS
void batch_norm_gradient(const float* __restrict x, const float* __restrict mean,
                         const float* __restrict scale, const float* __restrict shift,
                         const float* __restrict slope, int64_t rows, int64_t channels,
                         float* __restrict g) {
  for (int64_t row = 0; row < rows; ++row) {
    const int64_t at = row * channels;
    for (int64_t c = 0; c < channels; ++c)
      g[at + c] = scale[c] * (g[at + c] - shift[c] - (x[at + c] - mean[c]) * slope[c]);
  }
}

}  // namespace ridgeline::kernels
