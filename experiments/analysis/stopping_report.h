#pragma once

#include <optional>
#include <vector>

#include "experiments/config.h"
#include "experiments/store/store.h"

namespace ridgeline {

/// How well the rewards at a rung agree with the final ones, over the trials that ran to the end
/// and came through the rung. These are the trials that the rule let through: among all networks
/// the agreement may be another one.
struct RungAgreement {
  int epoch = 0;
  size_t trials = 0;
  std::optional<double> kendall;  ///< of less than 2 trials nothing
};

/// What `search.early_stopping` did in a run. Repeats are not counted: they are not trained.
struct StoppingReport {
  size_t complete = 0, stopped = 0;
  int64_t epochs = 0;       ///< that these were trained
  int64_t full_epochs = 0;  ///< that they would have been trained without it
  std::vector<RungAgreement> rungs;

  double saved() const {
    return full_epochs == 0 ? 0
                            : 1 - static_cast<double>(epochs) / static_cast<double>(full_epochs);
  }
};
StoppingReport stopping_report(const ExperimentConfig& config, const TrialStore& store);

}  // namespace ridgeline
