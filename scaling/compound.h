#pragma once

#include <string>

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

/// Larger factors are refused: no network of that size exists.
inline constexpr double kMaxScalingFactor = 1000;

/// EfficientNet's rounding: `filters * width` to the nearest multiple of `divisor`, at least one,
/// and one step up when that loses over 10 %.
int round_filters(int filters, double width, int divisor = 8);
/// Layers of a stage: ceil(depth * layers); floating error never adds a layer (1.1 * 10 is 11).
int round_layers(int layers, double depth);

/// The architecture scaled by `factors`: stem, head and stages in width, every stage in depth, the
/// input resolution floored to a multiple of `resolution_multiple`. A factor of exactly 1 leaves
/// its dimension unchanged; a stage or head that is left out (0) stays out. Throws `kConfig` for
/// factors outside (0, kMaxScalingFactor] and for a multiple that leaves no resolution.
Architecture scale(const Architecture& base, const ScalingFactors& factors,
                   int resolution_multiple = 1);

}  // namespace ridgeline
