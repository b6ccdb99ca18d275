#pragma once

#include <span>
#include <vector>

#include "search_space/decision.h"

namespace ridgeline {

/// Per decision, the share of `genotypes` that made each choice: `Controller::marginals` of a
/// controller that has no closed form for them.
std::vector<std::vector<double>> frequencies(const std::vector<Decision>& decisions,
                                             std::span<const Genotype> genotypes);

}  // namespace ridgeline
