#pragma once

#include <string>

#include "core/config_path.h"
#include "experiments/candidate.h"
#include "search_space/architecture.h"

namespace ridgeline {

/// `tiny`: the middle choice of every decision of that space, at 32 px. Else a shipped architecture
/// at `pixels`. 10 classes.
inline Network benchmark_network(const std::string& name, int pixels) {
  if (name != "tiny") {
    Architecture architecture = load_architecture(find_config("architectures", name));
    architecture.resolution = pixels;
    architecture.classes = 10;
    return lower(architecture);
  }
  const CandidateBuilder builder(SearchSpace::load(find_config("spaces", name)), DataShape{});
  const auto& decisions = builder.space().decisions();
  Genotype genotype(decisions.size(), kInactive);
  for (size_t i = 0; i < decisions.size(); ++i) {
    if (is_active(decisions[i], genotype)) genotype[i] = decisions[i].choices() / 2;
  }
  return lower(builder.architecture(genotype));
}

}  // namespace ridgeline
