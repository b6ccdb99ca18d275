#include "controller/mutation.h"

namespace ridgeline {

std::vector<size_t> mutable_decisions(const std::vector<Decision>& decisions,
                                      const Genotype& genotype) {
  std::vector<size_t> found;
  for (size_t d = 0; d < decisions.size(); ++d) {
    if (genotype[d] != kInactive && decisions[d].choices() > 1) found.push_back(d);
  }
  return found;
}

double uniform_probability(const std::vector<Decision>& decisions, const Genotype& genotype) {
  double probability = 1;
  for (size_t d = 0; d < decisions.size(); ++d) {
    if (genotype[d] != kInactive) probability /= decisions[d].choices();
  }
  return probability;
}

Genotype mutated(const std::vector<Decision>& decisions, const Genotype& genotype,
                 RandomStream& stream) {
  const auto candidates = mutable_decisions(decisions, genotype);
  if (candidates.empty()) return genotype;
  const size_t changed =
      candidates[static_cast<size_t>(stream.below(static_cast<int>(candidates.size())))];
  Genotype child;
  for (size_t d = 0; d < decisions.size(); ++d) {
    if (!is_active(decisions[d], child)) {
      child.push_back(kInactive);
    } else if (d == changed) {
      const int other = stream.below(decisions[d].choices() - 1);
      child.push_back(other < genotype[d] ? other : other + 1);
    } else {
      child.push_back(genotype[d] == kInactive ? stream.below(decisions[d].choices())
                                               : genotype[d]);
    }
  }
  return child;
}

}  // namespace ridgeline
