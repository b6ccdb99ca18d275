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

int nominal_depth(int blocks, double depth) {
  return static_cast<int>(floor_exactly(blocks * depth));
}

int blocks_of(const Architecture& architecture) {
  int blocks = 0;
  for (const Stage& stage : architecture.stages) blocks += stage.layers;
  return blocks;
}

int round_resolution(int resolution, double factor, const RoundingRules& rules) {
  const int multiple = rules.resolution_multiple;
  if (multiple < 1) {
    throw Error(ErrorKind::kConfig, "scaling: the resolution multiple is " +
                                        std::to_string(multiple) + "; it must be at least 1");
  }
  if (factor == 1) return resolution;
  const bool nearest = rules.resolution_rounding == ResolutionRounding::kNearest;
  const int64_t side =
      floor_exactly(resolution * factor / multiple + (nearest ? 0.5 : 0.0)) * multiple;
  if (side < 1) {
    throw Error(ErrorKind::kConfig, "scaling: a resolution of " + std::to_string(resolution) +
                                        " times " + ConfigWriter::plain_number(factor) +
                                        " rounded to a multiple of " + std::to_string(multiple) +
                                        " leaves nothing; take a smaller multiple");
  }
  return static_cast<int>(side);
}

std::string to_text(const RoundingRules& rules) {
  const bool nearest = rules.resolution_rounding == ResolutionRounding::kNearest;
  return "filters to multiples of " + std::to_string(rules.filter_multiple) +
         " (up where that loses over 10 %), layers up per stage, resolution " +
         (nearest ? "to the nearest multiple of " : "down to a multiple of ") +
         std::to_string(rules.resolution_multiple);
}

Architecture scale(const Architecture& base, const ScalingFactors& factors,
                   const RoundingRules& rules) {
  check_factor("depth", factors.depth);
  check_factor("width", factors.width);
  check_factor("resolution", factors.resolution);
  // A factor of exactly 1 leaves its dimension as it is, even where rounding would move it.
  const auto widen = [&](int filters) {
    return filters == 0 || factors.width == 1
               ? filters
               : round_filters(filters, factors.width, rules.filter_multiple);
  };
  Architecture scaled = base;
  scaled.stem.filters = widen(base.stem.filters);
  scaled.head.filters = widen(base.head.filters);
  for (auto& stage : scaled.stages) {
    stage.filters = widen(stage.filters);
    stage.layers = round_layers(stage.layers, factors.depth);
  }
  scaled.resolution = round_resolution(base.resolution, factors.resolution, rules);
  return scaled;
}

ScalingFactors built_factors(const Architecture& base, const Architecture& scaled) {
  const auto filters_of = [](const Architecture& architecture) {
    double filters = architecture.stem.filters;
    for (const Stage& stage : architecture.stages) filters += stage.layers > 0 ? stage.filters : 0;
    return filters;
  };
  return {static_cast<double>(blocks_of(scaled)) / blocks_of(base),
          filters_of(scaled) / filters_of(base),
          static_cast<double>(scaled.resolution) / base.resolution};
}

}  // namespace ridgeline
