#pragma once

#include <vector>

#include "search_space/architecture.h"
#include "search_space/decision.h"

namespace ridgeline {

/// Architectures that together hold every weight of a space at its largest size. Numbers (filters,
/// kernels, layers, ...) take their largest value; what changes a weight's meaning (operator,
/// reshape, which stage comes before; see shared_names.h) takes every value, one pair of
/// neighbouring stages at a time. `base`: any network of the space; it gives what is decided.
std::vector<Architecture> covering_architectures(const std::vector<Decision>& decisions,
                                                 const Architecture& base);

}  // namespace ridgeline
