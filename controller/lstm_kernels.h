#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace ridgeline {

// The arithmetic of the recurrent policy, on one thread. Each row of a product and of a cell is
// computed by itself, in one fixed order of additions: its bits depend on its own inputs alone, not
// on how many rows are computed together. Compiled for several instruction sets, of which the
// processor's best is taken; two kinds of processor may differ in the last bits.

/// Rows are this many floats, rounded up: `padded(n)`. What lies behind a row's end is zero.
inline constexpr size_t kLanes = 16;
constexpr size_t padded(size_t n) { return (n + kLanes - 1) / kLanes * kLanes; }

/// A matrix [depth, columns] as the right-hand factor of `multiply_add` reads it.
class Panels {
 public:
  /// Element (k, c) is values[k * depth_stride + c * column_stride].
  void pack(const float* values, size_t depth, size_t columns, size_t depth_stride,
            size_t column_stride);
  size_t depth() const { return depth_; }
  size_t columns() const { return columns_; }
  const float* data() const { return values_.data(); }

 private:
  size_t depth_ = 0, columns_ = 0;
  std::vector<float> values_;  // [columns / kLanes, depth, kLanes], zero-padded
};

/// Rows of `width` floats, one every `stride` of them.
template <class T>
struct Rows {
  T* data = nullptr;
  size_t count = 0;
  size_t stride = 0;
  T* row(size_t i) const { return data + i * stride; }
  operator Rows<const T>() const { return {data, count, stride}; }
};

/// out += left x right; left [n, depth], out [n, padded(columns)].
void multiply_add(Rows<const float> left, const Panels& right, Rows<float> out);

/// out += left^T x right; left [n, rows of out], right [n, padded(columns)], out [rows of out,
/// padded(columns)].
void outer_add(Rows<const float> left, Rows<const float> right, Rows<float> out);

/// One step of `hidden` LSTM units for one row: c' = f c + i g, h' = o tanh(c').
struct LstmCell {
  size_t hidden = 0;
  float* gates = nullptr;              ///< [padded(4 hidden)]: i, f, g, o
  const float* cell_before = nullptr;  ///< [padded(hidden)], as the next three
  float* cell = nullptr;
  float* cell_tanh = nullptr;
  float* output = nullptr;
};
/// Replaces the gates' inputs by their values; sets cell, its tanh and the output.
void lstm_forward(const LstmCell& step);
/// Sets `gate_slopes` [padded(4 hidden)] to the loss's slopes at the gates' inputs, given their
/// values and the slope at the output; `cell_slope` is that at the cell, replaced by that at the
/// cell before. Reads neither cell nor output.
void lstm_backward(const LstmCell& step, const float* output_slope, float* cell_slope,
                   float* gate_slopes);

/// Adam's two moving averages and its step along them.
struct AdamStep {
  float mean_rate, variance_rate;    ///< 1 - beta1, 1 - beta2
  float mean_scale, variance_scale;  ///< learning rate / (1 - beta1^t), 1 / (1 - beta2^t)
  float epsilon;
};
void adam_update(const AdamStep& step, std::span<const float> gradient, std::span<float> weights,
                 std::span<float> mean, std::span<float> variance);

/// The sum of squares, added in double.
double sum_of_squares(std::span<const float> values);

}  // namespace ridgeline
