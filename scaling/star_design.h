#pragma once

#include <functional>
#include <vector>

#include "scaling/coefficient_solve.h"

namespace ridgeline {

/// Factors of up to `config.star_points` networks around `base`: the base itself; depth, width and
/// resolution alone at two levels, the higher of which has the price `target` (or stands at its
/// bound); compound points between them. Points that build a network of an earlier one are moved
/// out until they differ, also beyond the target, or left out.
std::vector<ScalingFactors> star_design(const Architecture& base, const LacsConfig& config,
                                        double target, CoefficientSolver& solver);

}  // namespace ridgeline
