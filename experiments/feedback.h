#pragma once

#include <vector>

#include "controller/controller.h"
#include "experiments/early_stopping_config.h"
#include "experiments/failures.h"
#include "experiments/store/trial.h"

namespace ridgeline {

/// Whether the controller learns of the trial: false where the failure policy, or the effect of
/// stopped trials, ignores it.
bool teaches(const Trial& trial, const FailureConfig& policy, StoppedEffect stopped);

/// What a controller receives of a batch of trials: the same in both search loops, and where a run
/// is replayed to be explained.
class Feedback {
 public:
  /// Adds a trial; false where it does not teach.
  bool add(const Trial& trial, const FailureConfig& policy, StoppedEffect stopped);
  /// Sets the importance weight of the trial that was added as number `i`.
  void weigh(size_t i, double weight) { observations_[i].weight = weight; }
  std::vector<Genotype> genotypes() const;
  UpdateStats update(Controller& controller) const { return controller.update(observations_); }

 private:
  std::vector<Observation> observations_;
};

/// p_now / p_then of a sample that an earlier policy proposed, from the two log-probabilities. 1
/// where neither policy proposes it: redraws did.
double importance_ratio(double log_p_now, double log_p_then);

}  // namespace ridgeline
