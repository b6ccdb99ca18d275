#pragma once

#include <vector>

#include "experiments/config.h"

namespace ridgeline {

/// The genotypes of `search.warm_start`'s architecture files, in their order: the first proposals
/// of a search. Throws `kConfig` naming the file and the field that the space does not offer.
std::vector<Genotype> warm_start(const ExperimentConfig& config, const SearchSpace& space);

}  // namespace ridgeline
