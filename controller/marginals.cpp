#include "controller/marginals.h"

namespace ridgeline {

std::vector<std::vector<double>> frequencies(const std::vector<Decision>& decisions,
                                             std::span<const Genotype> genotypes) {
  std::vector<std::vector<double>> rows;
  for (size_t d = 0; d < decisions.size(); ++d) {
    rows.emplace_back(static_cast<size_t>(decisions[d].choices()), 0.0);
    for (const auto& genotype : genotypes) {
      if (genotype[d] == kInactive) continue;
      rows[d][static_cast<size_t>(genotype[d])] += 1.0 / static_cast<double>(genotypes.size());
    }
  }
  return rows;
}

}  // namespace ridgeline
