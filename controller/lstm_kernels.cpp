#include "controller/lstm_kernels.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>

// One machine code per instruction set, picked when the program is loaded. The sanitizers' start-up
// comes after that, so their builds have one only.
#if defined(__x86_64__) && defined(__gnu_linux__) && !defined(__SANITIZE_ADDRESS__)
#define RIDGELINE_FOR_EACH_CPU [[gnu::target_clones("avx512f", "fma", "default")]]
#else
#define RIDGELINE_FOR_EACH_CPU
#endif
#define RIDGELINE_INLINE [[gnu::always_inline]] inline

namespace ridgeline {
namespace {

using Lanes [[gnu::vector_size(kLanes * sizeof(float)), gnu::aligned(4), gnu::may_alias]] = float;

/// Rows of a product that are computed together: with one vector each they, a row of the right-hand
/// side and a factor fill the 16 registers of AVX2.
constexpr size_t kTile = 6;
/// Rows of the sum in `outer_add` that stay in the nearest cache.
constexpr size_t kBlock = 64;

/// `tile` rows of one panel of `multiply_add`.
template <size_t tile>
RIDGELINE_INLINE void multiply_tile(const float* left, size_t left_stride, const float* right,
                                    size_t depth, float* out, size_t out_stride) {
  Lanes sum[tile];
  for (size_t r = 0; r < tile; ++r) sum[r] = *reinterpret_cast<Lanes*>(out + r * out_stride);
  for (size_t k = 0; k < depth; ++k) {
    const Lanes factor = *reinterpret_cast<const Lanes*>(right + k * kLanes);
    for (size_t r = 0; r < tile; ++r) sum[r] += left[r * left_stride + k] * factor;
  }
  for (size_t r = 0; r < tile; ++r) *reinterpret_cast<Lanes*>(out + r * out_stride) = sum[r];
}

/// `tile` rows of one column of lanes of `outer_add`.
template <size_t tile>
RIDGELINE_INLINE void outer_tile(const float* left, size_t left_stride, const float* right,
                                 size_t right_stride, size_t depth, float* out, size_t out_stride) {
  Lanes sum[tile];
  for (size_t r = 0; r < tile; ++r) sum[r] = *reinterpret_cast<Lanes*>(out + r * out_stride);
  for (size_t k = 0; k < depth; ++k) {
    const Lanes factor = *reinterpret_cast<const Lanes*>(right + k * right_stride);
    for (size_t r = 0; r < tile; ++r) sum[r] += left[k * left_stride + r] * factor;
  }
  for (size_t r = 0; r < tile; ++r) *reinterpret_cast<Lanes*>(out + r * out_stride) = sum[r];
}

/// Calls `part.operator()<tile>(first)` for whole tiles of `rows`, then for one or two smaller
/// ones of about the same size: the sums of a small tile wait for each other.
template <class Part>
RIDGELINE_INLINE void for_tiles(size_t rows, const Part& part) {
  size_t first = 0;
  for (; first + 2 * kTile <= rows; first += kTile) part.template operator()<kTile>(first);
  while (first < rows) {
    const size_t left = rows - first;
    const size_t tile = left > kTile ? (left + 1) / 2 : left;
    switch (tile) {
      case 1:
        part.template operator()<1>(first);
        break;
      case 2:
        part.template operator()<2>(first);
        break;
      case 3:
        part.template operator()<3>(first);
        break;
      case 4:
        part.template operator()<4>(first);
        break;
      case 5:
        part.template operator()<5>(first);
        break;
      case 6:
        part.template operator()<6>(first);
        break;
    }
    first += tile;
  }
}

using IntegerLanes [[gnu::vector_size(kLanes * sizeof(float))]] = uint32_t;

/// `width` <= kLanes floats; those behind them are 0.
RIDGELINE_INLINE Lanes load(const float* from, size_t width) {
  if (width == kLanes) return *reinterpret_cast<const Lanes*>(from);
  Lanes lanes{};
  std::memcpy(&lanes, from, width * sizeof(float));
  return lanes;
}

RIDGELINE_INLINE void store(float* to, const Lanes& lanes, size_t width) {
  if (width == kLanes) {
    *reinterpret_cast<Lanes*>(to) = lanes;
  } else {
    std::memcpy(to, &lanes, width * sizeof(float));
  }
}

/// e^x to 2 units in the last place; x is held within what a float can be.
RIDGELINE_INLINE Lanes exp_of(Lanes x) {
  x = x < -87.0f ? Lanes{} - 87.0f : x;
  x = x > 88.0f ? Lanes{} + 88.0f : x;
  // Adding 1.5 x 2^23 rounds to an integer, which then stands in the lowest bits.
  const Lanes shifted = x * 1.44269504f + 12582912.0f;
  const Lanes power = shifted - 12582912.0f;
  const Lanes rest = (x - power * 0.693359375f) + power * 2.12194440e-4f;  // ln 2 in two parts
  Lanes sum = rest * (1.0f / 5040) + 1.0f / 720;  // Taylor's series: |rest| <= ln 2 / 2
  sum = sum * rest + 1.0f / 120;
  sum = sum * rest + 1.0f / 24;
  sum = sum * rest + 1.0f / 6;
  sum = sum * rest + 0.5f;
  sum = sum * rest + 1.0f;
  sum = sum * rest + 1.0f;
  return std::bit_cast<Lanes>(std::bit_cast<IntegerLanes>(sum) +
                              (std::bit_cast<IntegerLanes>(shifted) << 23));
}

RIDGELINE_INLINE Lanes sqrt_of(const Lanes& x) {
  Lanes roots;
  for (size_t lane = 0; lane < kLanes; ++lane) roots[lane] = std::sqrt(x[lane]);
  return roots;
}

RIDGELINE_INLINE Lanes sigmoid_of(Lanes x) { return 1.0f / (1.0f + exp_of(-x)); }

/// Near 0 Taylor's series, where the other form would lose digits.
RIDGELINE_INLINE Lanes tanh_of(Lanes x) {
  const Lanes z = x * x;
  Lanes sum = z * (-1382.0f / 155925) + 62.0f / 2835;
  sum = sum * z - 17.0f / 315;
  sum = sum * z + 2.0f / 15;
  sum = sum * z - 1.0f / 3;
  const Lanes near = x + x * z * sum;
  const Lanes far = 1.0f - 2.0f / (1.0f + exp_of(2.0f * x));
  return z < 0.09f ? near : far;
}

}  // namespace

void Panels::pack(const float* values, size_t depth, size_t columns, size_t depth_stride,
                  size_t column_stride) {
  depth_ = depth;
  columns_ = columns;
  values_.assign(depth * padded(columns), 0.0f);
  float* to = values_.data();
  for (size_t panel = 0; panel < columns; panel += kLanes) {
    const size_t width = std::min(kLanes, columns - panel);
    for (size_t k = 0; k < depth; ++k, to += kLanes) {
      const float* from = values + k * depth_stride + panel * column_stride;
      for (size_t c = 0; c < width; ++c) to[c] = from[c * column_stride];
    }
  }
}

RIDGELINE_FOR_EACH_CPU
void multiply_add(Rows<const float> left, const Panels& right, Rows<float> out) {
  const size_t depth = right.depth();
  for (size_t column = 0; column < right.columns(); column += kLanes) {
    const float* panel = right.data() + column * depth;
    for_tiles(
        left.count, [&]<size_t tile>(size_t first) __attribute__((always_inline)) {
          multiply_tile<tile>(left.row(first), left.stride, panel, depth, out.row(first) + column,
                              out.stride);
        });
  }
}

RIDGELINE_FOR_EACH_CPU
void outer_add(Rows<const float> left, Rows<const float> right, Rows<float> out) {
  for (size_t block = 0; block < left.count; block += kBlock) {
    const size_t depth = std::min(kBlock, left.count - block);
    for (size_t column = 0; column < out.stride; column += kLanes) {
      for_tiles(
          out.count, [&]<size_t tile>(size_t first) __attribute__((always_inline)) {
            outer_tile<tile>(left.row(block) + first, left.stride, right.row(block) + column,
                             right.stride, depth, out.row(first) + column, out.stride);
          });
    }
  }
}

RIDGELINE_FOR_EACH_CPU
void lstm_forward(const LstmCell& step) {
  const size_t n = step.hidden;
  for (size_t j = 0; j < n; j += kLanes) {
    const size_t width = std::min(kLanes, n - j);
    float* gates = step.gates + j;
    const Lanes i = sigmoid_of(load(gates, width));
    const Lanes f = sigmoid_of(load(gates + n, width));
    const Lanes g = tanh_of(load(gates + 2 * n, width));
    const Lanes o = sigmoid_of(load(gates + 3 * n, width));
    const Lanes c = f * load(step.cell_before + j, width) + i * g;
    const Lanes t = tanh_of(c);
    store(gates, i, width);
    store(gates + n, f, width);
    store(gates + 2 * n, g, width);
    store(gates + 3 * n, o, width);
    store(step.cell + j, c, width);
    store(step.cell_tanh + j, t, width);
    store(step.output + j, o * t, width);
  }
}

RIDGELINE_FOR_EACH_CPU
void lstm_backward(const LstmCell& step, const float* output_slope, float* cell_slope,
                   float* gate_slopes) {
  const size_t n = step.hidden;
  for (size_t j = 0; j < n; j += kLanes) {
    const size_t width = std::min(kLanes, n - j);
    const float* gates = step.gates + j;
    float* slopes = gate_slopes + j;
    const Lanes i = load(gates, width);
    const Lanes f = load(gates + n, width);
    const Lanes g = load(gates + 2 * n, width);
    const Lanes o = load(gates + 3 * n, width);
    const Lanes t = load(step.cell_tanh + j, width);
    const Lanes by_output = load(output_slope + j, width);
    const Lanes by_cell = load(cell_slope + j, width) + by_output * o * (1.0f - t * t);
    store(slopes, by_cell * g * i * (1.0f - i), width);
    store(slopes + n, by_cell * load(step.cell_before + j, width) * f * (1.0f - f), width);
    store(slopes + 2 * n, by_cell * i * (1.0f - g * g), width);
    store(slopes + 3 * n, by_output * t * o * (1.0f - o), width);
    store(cell_slope + j, by_cell * f, width);
  }
}

// By hand, since a loop that the compiler vectorises starts where the memory is aligned, and rounds
// what lies before that in another way.
RIDGELINE_FOR_EACH_CPU
void adam_update(const AdamStep& step, std::span<const float> gradient, std::span<float> weights,
                 std::span<float> mean, std::span<float> variance) {
  for (size_t i = 0; i < gradient.size(); i += kLanes) {
    const size_t width = std::min(kLanes, gradient.size() - i);
    const Lanes slope = load(gradient.data() + i, width);
    const Lanes m = load(mean.data() + i, width);
    const Lanes v = load(variance.data() + i, width);
    const Lanes new_mean = m + step.mean_rate * (slope - m);
    const Lanes new_variance = v + step.variance_rate * (slope * slope - v);
    const Lanes root = sqrt_of(new_variance * step.variance_scale);
    const Lanes weight = load(weights.data() + i, width);
    store(weights.data() + i, weight - step.mean_scale * new_mean / (root + step.epsilon), width);
    store(mean.data() + i, new_mean, width);
    store(variance.data() + i, new_variance, width);
  }
}

RIDGELINE_FOR_EACH_CPU
double sum_of_squares(std::span<const float> values) {
  std::array<double, kLanes> sums{};
  size_t i = 0;
  for (; i + kLanes <= values.size(); i += kLanes) {
    for (size_t lane = 0; lane < kLanes; ++lane) {
      const double value = values[i + lane];
      sums[lane] += value * value;
    }
  }
  double sum = 0;
  for (; i < values.size(); ++i) sum += static_cast<double>(values[i]) * values[i];
  for (const double part : sums) sum += part;
  return sum;
}

}  // namespace ridgeline
