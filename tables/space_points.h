#pragma once

#include <functional>

#include "search_space/search_space.h"

namespace ridgeline {

/// Calls `visit` with every genotype of the space, in lexical order. For spaces small enough.
void for_each_point(const std::vector<Decision>& decisions,
                    const std::function<void(const Genotype&)>& visit);

}  // namespace ridgeline
