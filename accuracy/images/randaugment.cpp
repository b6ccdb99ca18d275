#include "accuracy/images/randaugment.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <numeric>
#include <vector>

namespace ridgeline {
namespace {

using Table = std::array<uint8_t, 256>;

uint8_t byte_of(double value) { return static_cast<uint8_t>(std::clamp(value, 0.0, 255.0)); }

size_t bytes_of(const PixelView& image) {
  return static_cast<size_t>(image.width) * static_cast<size_t>(image.height) *
         static_cast<size_t>(image.channels);
}

template <class Function>
Table table_of(const Function& function) {
  Table table;
  for (int i = 0; i < 256; ++i) table[static_cast<size_t>(i)] = byte_of(function(i));
  return table;
}

void look_up(const PixelView& image, const Table& table, size_t channel, size_t step) {
  for (size_t i = channel; i < bytes_of(image); i += step) image.pixels[i] = table[image.pixels[i]];
}

/// Each output pixel is the source pixel at (a x + b y + c, d x + e y + f), of pixel centres.
void transform(const PixelView& image, const std::array<double, 6>& m) {
  const std::vector<uint8_t> source(image.pixels, image.pixels + bytes_of(image));
  uint8_t* out = image.pixels;
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x, out += image.channels) {
      const double at_x = m[0] * (x + 0.5) + m[1] * (y + 0.5) + m[2];
      const double at_y = m[3] * (x + 0.5) + m[4] * (y + 0.5) + m[5];
      if (at_x < 0 || at_y < 0 || at_x >= image.width || at_y >= image.height) {
        std::fill_n(out, image.channels, uint8_t{0});
        continue;
      }
      const size_t from =
          static_cast<size_t>(at_y) * static_cast<size_t>(image.width) + static_cast<size_t>(at_x);
      std::copy_n(source.data() + from * static_cast<size_t>(image.channels), image.channels, out);
    }
  }
}

void rotate(const PixelView& image, double degrees) {
  const double angle = degrees * std::numbers::pi / 180;
  const double cosine = std::cos(angle), sine = std::sin(angle);
  const double cx = image.width / 2.0, cy = image.height / 2.0;
  transform(image, {cosine, -sine, cx - cosine * cx + sine * cy, sine, cosine,
                    cy - sine * cx - cosine * cy});
}

/// Luma, as Pillow rounds it.
int grey_of(const uint8_t* pixel, int channels) {
  if (channels == 1) return pixel[0];
  return (pixel[0] * 19595 + pixel[1] * 38470 + pixel[2] * 7471 + 0x8000) >> 16;
}

/// other + factor (image - other), byte by byte.
template <class Other>
void blend(const PixelView& image, double factor, const Other& other) {
  for (size_t i = 0; i < bytes_of(image); ++i) {
    const double from = other(i);
    image.pixels[i] = byte_of(from + factor * (image.pixels[i] - from));
  }
}

void adjust_color(const PixelView& image, double factor) {
  const auto channels = static_cast<size_t>(image.channels);
  int grey = 0;
  blend(image, factor, [&](size_t i) {
    if (i % channels == 0) grey = grey_of(image.pixels + i, image.channels);
    return grey;
  });
}

void adjust_contrast(const PixelView& image, double factor) {
  const auto channels = static_cast<size_t>(image.channels);
  double sum = 0;
  for (size_t i = 0; i < bytes_of(image); i += channels)
    sum += grey_of(image.pixels + i, image.channels);
  const int mean = static_cast<int>(std::lround(sum / (image.width * image.height)));
  blend(image, factor, [&](size_t) { return mean; });
}

void adjust_sharpness(const PixelView& image, double factor) {
  const std::vector<uint8_t> source(image.pixels, image.pixels + bytes_of(image));
  const auto channels = static_cast<size_t>(image.channels);
  const size_t row = static_cast<size_t>(image.width) * channels;
  blend(image, factor, [&](size_t i) -> double {
    const size_t y = i / row, x = i % row / channels;
    if (y == 0 || x == 0 || y + 1 == static_cast<size_t>(image.height) ||
        x + 1 == static_cast<size_t>(image.width))
      return source[i];
    int sum = 4 * source[i];
    for (const size_t middle : {i - row, i, i + row})
      sum += source[middle - channels] + source[middle] + source[middle + channels];
    return std::floor(sum / 13.0 + 0.5);
  });
}

std::array<int, 256> histogram(const PixelView& image, size_t channel, size_t step) {
  std::array<int, 256> counts{};
  for (size_t i = channel; i < bytes_of(image); i += step) ++counts[image.pixels[i]];
  return counts;
}

void stretch(const PixelView& image, size_t channel, size_t step) {
  const auto counts = histogram(image, channel, step);
  const auto used = [](int count) { return count > 0; };
  const auto low = std::find_if(counts.begin(), counts.end(), used) - counts.begin();
  const auto high = 255 - (std::find_if(counts.rbegin(), counts.rend(), used) - counts.rbegin());
  if (high <= low) return;
  const double scale = 255.0 / static_cast<double>(high - low);
  look_up(image, table_of([&](int i) { return i * scale - static_cast<double>(low) * scale; }),
          channel, step);
}

void equalize(const PixelView& image, size_t channel, size_t step) {
  const auto counts = histogram(image, channel, step);
  const auto last = std::find_if(counts.rbegin(), counts.rend(), [](int n) { return n > 0; });
  const int width = (std::accumulate(counts.begin(), counts.end(), 0) - *last) / 255;
  if (width == 0) return;
  int below = width / 2;
  look_up(image, table_of([&](int i) {
            const int value = below / width;
            below += counts[static_cast<size_t>(i)];
            return value;
          }),
          channel, step);
}

/// The amount at a magnitude, before its sign.
double amount_at(AugmentOperation operation, int magnitude, const PixelView& image) {
  const double share = magnitude / 30.0;
  switch (operation) {
    case AugmentOperation::kShearX:
    case AugmentOperation::kShearY:
      return 0.3 * share;
    case AugmentOperation::kTranslateX:
      return std::floor(150.0 / 331.0 * image.width * share);
    case AugmentOperation::kTranslateY:
      return std::floor(150.0 / 331.0 * image.height * share);
    case AugmentOperation::kRotate:
      return 30 * share;
    case AugmentOperation::kPosterize:
      return 8 - std::nearbyint(4 * share);
    case AugmentOperation::kSolarize:
      return 255 * (1 - share);
    default:
      return 0.9 * share;
  }
}

bool has_sign(AugmentOperation operation) {
  return operation >= AugmentOperation::kShearX && operation <= AugmentOperation::kSharpness;
}

}  // namespace

void apply(AugmentOperation operation, double amount, const PixelView& image) {
  const auto channels = static_cast<size_t>(image.channels);
  const double factor = 1 + amount;
  switch (operation) {
    case AugmentOperation::kIdentity:
      return;
    case AugmentOperation::kShearX:
      return transform(image, {1, amount, 0, 0, 1, 0});
    case AugmentOperation::kShearY:
      return transform(image, {1, 0, 0, amount, 1, 0});
    case AugmentOperation::kTranslateX:
      return transform(image, {1, 0, -amount, 0, 1, 0});
    case AugmentOperation::kTranslateY:
      return transform(image, {1, 0, 0, 0, 1, -amount});
    case AugmentOperation::kRotate:
      return rotate(image, amount);
    case AugmentOperation::kBrightness:
      return blend(image, factor, [](size_t) { return 0; });
    case AugmentOperation::kColor:
      return adjust_color(image, factor);
    case AugmentOperation::kContrast:
      return adjust_contrast(image, factor);
    case AugmentOperation::kSharpness:
      return adjust_sharpness(image, factor);
    case AugmentOperation::kPosterize: {
      const int mask = 0xFF << (8 - static_cast<int>(amount)) & 0xFF;
      return look_up(image, table_of([&](int i) { return i & mask; }), 0, 1);
    }
    case AugmentOperation::kSolarize:
      return look_up(image, table_of([&](int i) { return i < amount ? i : 255 - i; }), 0, 1);
    case AugmentOperation::kAutoContrast:
      for (size_t c = 0; c < channels; ++c) stretch(image, c, channels);
      return;
    case AugmentOperation::kEqualize:
      for (size_t c = 0; c < channels; ++c) equalize(image, c, channels);
      return;
  }
}

void rand_augment(const PixelView& image, int operations, int magnitude, RandomStream& stream) {
  constexpr auto kCount = static_cast<int>(EnumNames<AugmentOperation>::values.size());
  for (int i = 0; i < operations; ++i) {
    const auto operation = static_cast<AugmentOperation>(stream.below(kCount));
    const double amount = amount_at(operation, magnitude, image);
    const bool negative = has_sign(operation) && stream.below(2) == 1;
    apply(operation, negative ? -amount : amount, image);
  }
}

}  // namespace ridgeline
