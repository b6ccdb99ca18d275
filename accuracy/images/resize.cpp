#include "accuracy/images/resize.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace ridgeline {
namespace {

constexpr int kPrecision = 32 - 8 - 2;  // bits of a weight, as in Pillow

double triangle(double x) { return std::max(0.0, 1 - std::abs(x)); }

/// Keys' cubic with a = -0.5.
double cubic(double x) {
  x = std::abs(x);
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  if (x < 2) return ((-0.5 * x + 2.5) * x - 4) * x + 2;
  return 0;
}

/// The source cells of each output cell along one axis, and their weights.
struct Taps {
  int longest = 0;
  std::vector<int> first, count;
  std::vector<int32_t> weights;  // `longest` for each output cell
};

Taps make_taps(int source, double begin, double length, int out, Interpolation interpolation) {
  const bool bilinear = interpolation == Interpolation::kBilinear;
  const double scale = length / out, filter_scale = std::max(scale, 1.0);
  const double support = (bilinear ? 1.0 : 2.0) * filter_scale;
  Taps taps;
  taps.longest = static_cast<int>(std::ceil(support)) * 2 + 1;
  taps.weights.resize(static_cast<size_t>(out) * static_cast<size_t>(taps.longest));
  std::vector<double> values(static_cast<size_t>(taps.longest));
  for (int i = 0; i < out; ++i) {
    const double centre = begin + (i + 0.5) * scale;
    const int low = std::max(static_cast<int>(centre - support + 0.5), 0);
    const int count = std::min(static_cast<int>(centre + support + 0.5), source) - low;
    double sum = 0;
    for (int k = 0; k < count; ++k) {
      const double at = (k + low - centre + 0.5) / filter_scale;
      values[static_cast<size_t>(k)] = bilinear ? triangle(at) : cubic(at);
      sum += values[static_cast<size_t>(k)];
    }
    int32_t* weights = taps.weights.data() + static_cast<ptrdiff_t>(i) * taps.longest;
    for (int k = 0; k < count; ++k) {
      const double weight = values[static_cast<size_t>(k)] / (sum == 0 ? 1 : sum);
      weights[k] = static_cast<int32_t>(std::lround(weight * (1 << kPrecision)));
    }
    taps.first.push_back(low);
    taps.count.push_back(count);
  }
  return taps;
}

uint8_t to_byte(int32_t sum) { return static_cast<uint8_t>(std::clamp(sum >> kPrecision, 0, 255)); }

constexpr int32_t kHalf = 1 << (kPrecision - 1);

/// One row of `width` cells from a source row.
template <int kChannels>
void resize_row(const uint8_t* source, const Taps& taps, int width, uint8_t* out) {
  for (int x = 0; x < width; ++x, out += kChannels) {
    const int32_t* weights = taps.weights.data() + static_cast<ptrdiff_t>(x) * taps.longest;
    const uint8_t* from =
        source + static_cast<ptrdiff_t>(taps.first[static_cast<size_t>(x)]) * kChannels;
    int32_t sums[kChannels];
    std::fill_n(sums, kChannels, kHalf);
    for (int k = 0; k < taps.count[static_cast<size_t>(x)]; ++k, from += kChannels) {
      for (int c = 0; c < kChannels; ++c) sums[c] += from[c] * weights[k];
    }
    for (int c = 0; c < kChannels; ++c) out[c] = to_byte(sums[c]);
  }
}

}  // namespace

void resize(const uint8_t* source, int source_width, int source_height, int channels,
            const SourceBox& box, int width, int height, Interpolation interpolation,
            uint8_t* out) {
  const Taps columns = make_taps(source_width, box.x, box.width, width, interpolation);
  const Taps rows = make_taps(source_height, box.y, box.height, height, interpolation);
  const int first_row = rows.first.front();
  const int end_row = rows.first.back() + rows.count.back();
  const auto source_row = static_cast<ptrdiff_t>(source_width) * channels;
  const auto out_row = static_cast<size_t>(width) * static_cast<size_t>(channels);
  std::vector<uint8_t> narrow(static_cast<size_t>(end_row - first_row) * out_row);
  const auto resize_one = channels == 3 ? resize_row<3> : resize_row<1>;
  for (int y = first_row; y < end_row; ++y) {
    resize_one(source + y * source_row, columns, width,
               narrow.data() + static_cast<size_t>(y - first_row) * out_row);
  }
  std::vector<int32_t> sums(out_row);
  for (int y = 0; y < height; ++y, out += out_row) {
    const int32_t* weights = rows.weights.data() + static_cast<ptrdiff_t>(y) * rows.longest;
    const int first = rows.first[static_cast<size_t>(y)] - first_row;
    std::fill(sums.begin(), sums.end(), kHalf);
    for (int k = 0; k < rows.count[static_cast<size_t>(y)]; ++k) {
      const uint8_t* from = narrow.data() + static_cast<size_t>(first + k) * out_row;
      const int32_t weight = weights[k];
      for (size_t i = 0; i < out_row; ++i) sums[i] += from[i] * weight;
    }
    for (size_t i = 0; i < out_row; ++i) out[i] = to_byte(sums[i]);
  }
}

Image resize(const Image& source, const SourceBox& box, int width, int height,
             Interpolation interpolation) {
  Image out(width, height);
  resize(source.pixels.data(), source.width, source.height, 3, box, width, height, interpolation,
         out.pixels.data());
  return out;
}

Image resize(const Image& source, int width, int height, Interpolation interpolation) {
  return resize(source,
                {0, 0, static_cast<double>(source.width), static_cast<double>(source.height)},
                width, height, interpolation);
}

}  // namespace ridgeline
