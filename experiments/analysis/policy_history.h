#pragma once

#include <vector>

#include "experiments/config.h"
#include "experiments/store/store.h"

namespace ridgeline {

/// What the controller would propose at one moment of a run.
struct PolicyMoment {
  int updates = 0;    ///< that it had learned
  size_t trials = 0;  ///< that they were made of
  /// Rows as `Controller::marginals` describes.
  std::vector<std::vector<double>> marginals;
};

/// Replays the recorded updates of a run through a fresh controller, as resuming it does, and looks
/// at `moments` >= 2 points of time: before the first update, after the last, and evenly between
/// them. Fewer where there were fewer updates; nothing in the store changes.
std::vector<PolicyMoment> policy_history(const ExperimentConfig& config,
                                         const std::vector<Decision>& decisions,
                                         const TrialStore& store, int moments);

}  // namespace ridgeline
