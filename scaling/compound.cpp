#include "scaling/compound.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/units.h"

namespace ridgeline {
namespace {

/// Products such as 1.1 * 10 miss their exact value by a few units in the last place; this much is
/// never meant by a user.
constexpr double kSlack = 1e-9;

int64_t floor_exactly(double value) {
  return static_cast<int64_t>(std::floor(value + kSlack * std::max(1.0, value)));
}
int64_t ceil_exactly(double value) {
  return static_cast<int64_t>(std::ceil(value - kSlack * std::max(1.0, value)));
}

void check_factor(const char* name, double factor) {
  if (std::isfinite(factor) && factor > 0 && factor <= kMaxScalingFactor) return;
  throw Error(ErrorKind::kConfig, "scaling: the " + std::string(name) + " factor is " +
                                      ConfigWriter::plain_number(factor) +
                                      "; it must be above 0 and at most " +
                                      ConfigWriter::plain_number(kMaxScalingFactor));
}

int scale_resolution(int resolution, double factor, int multiple) {
  if (multiple < 1) {
    throw Error(ErrorKind::kConfig, "scaling: the resolution multiple is " +
                                        std::to_string(multiple) + "; it must be at least 1");
  }
  const int64_t side = floor_exactly(resolution * factor / multiple) * multiple;
  if (side < 1) {
    throw Error(ErrorKind::kConfig, "scaling: a resolution of " + std::to_string(resolution) +
                                        " times " + ConfigWriter::plain_number(factor) +
                                        " floored to a multiple of " + std::to_string(multiple) +
                                        " leaves nothing; take a smaller multiple");
  }
  return static_cast<int>(side);
}

}  // namespace

ScalingFactors CompoundCoefficients::at(double phi) const {
  return {std::pow(alpha, phi), std::pow(beta, phi), std::pow(gamma, phi)};
}

int round_filters(int filters, double width, int divisor) {
  const double exact = filters * width;
  int64_t rounded =
      std::max<int64_t>(divisor, floor_exactly((exact + divisor / 2.0) / divisor) * divisor);
  if (static_cast<double>(rounded) < 0.9 * exact * (1 - kSlack)) rounded += divisor;
  return static_cast<int>(rounded);
}

int round_layers(int layers, double depth) {
  return static_cast<int>(ceil_exactly(layers * depth));
}

Architecture scale(const Architecture& base, const ScalingFactors& factors,
                   int resolution_multiple) {
  check_factor("depth", factors.depth);
  check_factor("width", factors.width);
  check_factor("resolution", factors.resolution);
  // A factor of exactly 1 leaves its dimension as it is, even where rounding would move it.
  const auto widen = [&](int filters) {
    return filters == 0 || factors.width == 1 ? filters : round_filters(filters, factors.width);
  };
  Architecture scaled = base;
  scaled.stem.filters = widen(base.stem.filters);
  scaled.head.filters = widen(base.head.filters);
  for (auto& stage : scaled.stages) {
    stage.filters = widen(stage.filters);
    stage.layers = round_layers(stage.layers, factors.depth);
  }
  if (factors.resolution != 1) {
    scaled.resolution = scale_resolution(base.resolution, factors.resolution, resolution_multiple);
  }
  return scaled;
}

}  // namespace ridgeline
