#pragma once

#include <cstdint>
#include <vector>

#include "search_space/search_space.h"

namespace ridgeline {

/// Which random networks of a space: equal samples give equal networks, and the first n of a larger
/// one are those of the smaller.
struct SamplingPlan {
  int networks = 100;
  uint64_t seed = 0;
  std::vector<int> resolutions = {};  ///< drawn per network; empty: the space's own
};

/// Different architectures, uniform over decisions, named "SPACE-sSEED-NUMBER". Throws `kConfig`
/// where the space has too few, or a resolution is too small for its strides.
std::vector<Architecture> sample_architectures(const SearchSpace& space,
                                               const SamplingPlan& sample);

}  // namespace ridgeline
