#pragma once

#include <string>

#include "core/config.h"
#include "search_space/architecture.h"

namespace ridgeline {

/// Multipliers of a compound scaling relative to the base network (Section 5.2): d = alpha^phi,
/// w = beta^phi, r = gamma^phi.
struct ScalingFactors {
  double depth = 1, width = 1, resolution = 1;
};
struct CompoundCoefficients {
  double alpha = 1, beta = 1, gamma = 1;
  ScalingFactors at(double phi) const;
};

/// How a scaled input resolution becomes a whole number of pixels.
enum class ResolutionRounding { kFloor, kNearest };
template <>
struct EnumNames<ResolutionRounding> {
  static constexpr std::array<std::pair<ResolutionRounding, const char*>, 2> values{
      {{ResolutionRounding::kFloor, "floor"}, {ResolutionRounding::kNearest, "nearest"}}};
};

/// How scaled dimensions become whole numbers. Layers are always rounded up, per stage.
struct RoundingRules {
  int filter_multiple = 8;
  ResolutionRounding resolution_rounding = ResolutionRounding::kFloor;
  int resolution_multiple = 1;

  template <class V>
  void describe(V& v) {
    v.field("filter_multiple", filter_multiple,
            {.help = "filters are rounded to the nearest multiple of this, and one step up where "
                     "that loses over 10 %",
             .min = 1,
             .max = 512});
    v.field("resolution_rounding", resolution_rounding,
            {.help = "how a scaled input resolution is rounded to resolution_multiple: down, or to "
                     "the nearest"});
    v.field("resolution_multiple", resolution_multiple,
            {.help = "input resolutions are rounded to a multiple of this",
             .unit = "pixels",
             .min = 1,
             .max = 512});
  }
};
/// The rules in words.
std::string to_text(const RoundingRules& rules);

/// Larger factors are refused: no network of that size exists.
inline constexpr double kMaxScalingFactor = 1000;

/// EfficientNet's rounding: `filters * width` to the nearest multiple of `divisor`, at least one,
/// and one step up when that loses over 10 %.
int round_filters(int filters, double width, int divisor = 8);
/// Layers of a stage: ceil(depth * layers); floating error never adds a layer (1.1 * 10 is 11).
int round_layers(int layers, double depth);

/// Depth as Table 6 prints it: floor(depth * blocks). The real network rounds up per stage.
int nominal_depth(int blocks, double depth);
/// Layers of all stages.
int blocks_of(const Architecture& architecture);
/// The resolution scaled and rounded; a factor of exactly 1 leaves it as it is.
int round_resolution(int resolution, double factor, const RoundingRules& rules = {});

/// The architecture scaled by `factors`: stem, head and stages in width, every stage in depth, and
/// the input resolution. A factor of exactly 1 leaves its dimension unchanged; a stage or head that
/// is left out (0) stays out. Throws `kConfig` for factors outside (0, kMaxScalingFactor] and for a
/// multiple that leaves no resolution.
Architecture scale(const Architecture& base, const ScalingFactors& factors,
                   const RoundingRules& rules = {});

/// What rounding made of the factors: layers and filters in all over those of the base, and the
/// resolution over the base's.
ScalingFactors built_factors(const Architecture& base, const Architecture& scaled);

}  // namespace ridgeline
