#include "experiments/lesson.h"

#include <cmath>

namespace ridgeline {

void Lesson::add(const Trial& trial, const FailureConfig& policy) {
  if (!counts_in_update(policy, trial)) return;
  genotypes.push_back(genotype_from_text(trial.genotype));
  rewards.push_back(trial.reward);
  objectives.push_back({trial.accuracy, trial.latency_ms, trial.status == TrialStatus::kComplete});
}

double importance_ratio(double log_p_now, double log_p_then) {
  const double ratio = std::exp(log_p_now - log_p_then);
  return std::isnan(ratio) ? 1.0 : ratio;
}

}  // namespace ridgeline
