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

/// EfficientNet's rounding: width to a multiple of `divisor`, one step up when that loses over 10 %.
int round_filters(int filters, double width, int divisor = 8);
/// Layers of a stage: ceil(depth * layers).
int round_layers(int layers, double depth);

/// The architecture scaled by `factors`: stem, head and stages in width, every stage in depth, the input
/// resolution floored to a multiple of `resolution_multiple`. Throws `kConfig` for factors <= 0.
Architecture scale(const Architecture& base, const ScalingFactors& factors,
                   int resolution_multiple = 1);

}  // namespace ridgeline
