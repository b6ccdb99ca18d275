#include "tables/space_points.h"

namespace ridgeline {
namespace {

void extend(const std::vector<Decision>& decisions, Genotype& genotype,
            const std::function<void(const Genotype&)>& visit) {
  if (genotype.size() == decisions.size()) {
    visit(genotype);
    return;
  }
  const Decision& decision = decisions[genotype.size()];
  const bool active = is_active(decision, genotype);
  const int choices = active ? decision.choices() : 1;
  for (int choice = 0; choice < choices; ++choice) {
    genotype.push_back(active ? choice : kInactive);
    extend(decisions, genotype, visit);
    genotype.pop_back();
  }
}

}  // namespace

void for_each_point(const std::vector<Decision>& decisions,
                    const std::function<void(const Genotype&)>& visit) {
  Genotype genotype;
  extend(decisions, genotype, visit);
}

}  // namespace ridgeline
