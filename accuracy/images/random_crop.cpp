#include "accuracy/images/random_crop.h"

#include <algorithm>
#include <cmath>

namespace ridgeline {

PixelBox draw_crop(int width, int height, double min_area, RandomStream& stream) {
  constexpr int kDraws = 10;
  constexpr double kWidest = 4.0 / 3;
  const double area = static_cast<double>(width) * height;
  for (int draw = 0; draw < kDraws; ++draw) {
    const double wanted = area * stream.uniform(min_area, 1.0);
    const double ratio = std::exp(stream.uniform(-std::log(kWidest), std::log(kWidest)));
    const auto w = static_cast<int>(std::lround(std::sqrt(wanted * ratio)));
    const auto h = static_cast<int>(std::lround(std::sqrt(wanted / ratio)));
    if (w < 1 || h < 1 || w > width || h > height) continue;
    const int x = stream.below(width - w + 1), y = stream.below(height - h + 1);
    return {x, y, w, h};
  }
  const int w = std::min(width, static_cast<int>(std::lround(height * kWidest)));
  const int h = std::min(height, static_cast<int>(std::lround(width * kWidest)));
  return {(width - w) / 2, (height - h) / 2, w, h};
}

}  // namespace ridgeline
