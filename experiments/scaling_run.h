#pragma once

#include "experiments/search.h"
#include "scaling/lacs.h"

namespace ridgeline {

/// What LACS needs of a run.
struct ScalingParts {
  const LatencyOracle& oracle;
  TrialRunner& runner;
  TrialStore& store;
};

/// LACS on `base` with the run's reward, oracle and evaluator. Every evaluated candidate is a trial
/// of phase `scaling`, committed in order; a candidate that the store already holds is not trained
/// again. The reward's target is the scaled network's target latency (Equation 4).
LacsResult run_lacs(const ExperimentConfig& config, const Architecture& base,
                    const ScalingParts& parts, const TrialObserver& observer = {});

}  // namespace ridgeline
