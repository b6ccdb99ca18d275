#pragma once

#include <vector>

#include "controller/controller.h"
#include "experiments/failures.h"
#include "experiments/trial.h"

namespace ridgeline {

/// What a controller is told of a batch of trials: the same in both search loops, and where a run
/// is replayed to be explained.
struct Lesson {
  std::vector<Genotype> genotypes;
  std::vector<double> rewards;
  std::vector<Objectives> objectives;

  /// Adds a trial, unless the failure policy keeps it from the controller.
  void add(const Trial& trial, const FailureConfig& policy);
  UpdateStats teach(Controller& controller, const std::vector<double>& weights = {}) const {
    return controller.update(genotypes, rewards, weights, objectives);
  }
};

/// p_now / p_then of a sample that an earlier policy proposed, from the two log-probabilities. 1
/// where neither policy proposes it: redraws did.
double importance_ratio(double log_p_now, double log_p_then);

}  // namespace ridgeline
