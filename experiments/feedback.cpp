#include "experiments/feedback.h"

#include <cmath>

namespace ridgeline {

void Feedback::add(const Trial& trial, const FailureConfig& policy) {
  if (!counts_in_update(policy, trial)) return;
  const Objectives objectives{trial.accuracy, trial.latency_ms,
                              trial.status == TrialStatus::kComplete};
  observations_.push_back(
      {.genotype = trial.genotype, .reward = trial.reward, .objectives = objectives});
}

std::vector<Genotype> Feedback::genotypes() const {
  std::vector<Genotype> genotypes;
  for (const auto& observation : observations_) genotypes.push_back(observation.genotype);
  return genotypes;
}

double importance_ratio(double log_p_now, double log_p_then) {
  const double ratio = std::exp(log_p_now - log_p_then);
  return std::isnan(ratio) ? 1.0 : ratio;
}

}  // namespace ridgeline
