#include "accuracy/data/mixing.h"

#include <algorithm>
#include <cmath>

namespace ridgeline {
namespace {

/// Gamma(shape, 1) by Marsaglia and Tsang (2000); below 1 by way of shape + 1.
double draw_gamma(double shape, RandomStream& stream) {
  if (shape < 1) return draw_gamma(shape + 1, stream) * std::pow(1 - stream.uniform(), 1 / shape);
  const double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  for (;;) {
    const double x = stream.normal(), cube = 1 + c * x;
    if (cube <= 0) continue;
    const double v = cube * cube * cube;
    if (std::log(1 - stream.uniform()) < 0.5 * x * x + d - d * v + d * std::log(v)) return d * v;
  }
}

/// A box of about `share` of the area around a random centre, cut at the border.
PixelBox draw_box(double share, int width, int height, RandomStream& stream) {
  const auto half = [&](int side) { return static_cast<int>(side * std::sqrt(share)) / 2; };
  const int x = stream.below(width), y = stream.below(height);
  const int left = std::max(0, x - half(width)), right = std::min(width, x + half(width));
  const int top = std::max(0, y - half(height)), bottom = std::min(height, y + half(height));
  return {left, top, right - left, bottom - top};
}

}  // namespace

double draw_beta(double alpha, RandomStream& stream) {
  const double a = draw_gamma(alpha, stream), b = draw_gamma(alpha, stream);
  return a + b > 0 ? a / (a + b) : 0.5;
}

Mixing draw_mixing(double mixup_alpha, double cutmix_alpha, int width, int height,
                   RandomStream& stream) {
  if (mixup_alpha <= 0 && cutmix_alpha <= 0) return {};
  const bool cut = mixup_alpha <= 0 || (cutmix_alpha > 0 && stream.below(2) == 1);
  if (!cut) return {.own = draw_beta(mixup_alpha, stream)};
  const PixelBox box = draw_box(1 - draw_beta(cutmix_alpha, stream), width, height, stream);
  const double partner = static_cast<double>(box.width) * box.height / (width * height);
  return {.own = 1 - partner, .box = box};
}

}  // namespace ridgeline
