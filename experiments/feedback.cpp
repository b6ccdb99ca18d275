#include "experiments/feedback.h"

#include <cmath>

namespace ridgeline {

bool teaches(const Trial& trial, const FailureConfig& policy, StoppedEffect stopped) {
  const bool is_stopped = trial.status == TrialStatus::kStopped;
  return is_stopped ? stopped != StoppedEffect::kIgnore : counts_in_update(policy, trial);
}

bool Feedback::add(const Trial& trial, const FailureConfig& policy, StoppedEffect stopped) {
  if (!teaches(trial, policy, stopped)) return false;
  const bool is_stopped = trial.status == TrialStatus::kStopped;
  const bool counts =
      trial.status == TrialStatus::kComplete || (is_stopped && stopped == StoppedEffect::kPartial);
  const Objectives objectives{trial.accuracy, trial.latency_ms(), counts};
  observations_.push_back(
      {.genotype = trial.genotype, .reward = trial.reward, .objectives = objectives});
  return true;
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
