#pragma once

#include <cstdint>
#include <vector>

#include "experiments/candidate.h"

namespace ridgeline {

/// `count` different networks spread over the space by their multiply-adds: of 1,000 random
/// networks of `seed`, those at the quantiles 1/2, 1/4, 3/4, 1/8, ... (van der Corput), so that
/// the first networks of a larger choice are those of a smaller one. Throws `kConfig` for a space
/// of plain decisions, and where so many different ones are not found.
std::vector<CandidateNetwork> spread_networks(const CandidateBuilder& candidates, uint64_t seed,
                                              int count);

}  // namespace ridgeline
