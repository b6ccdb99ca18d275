#pragma once

#include "experiments/search.h"
#include "scaling/lacs.h"

namespace ridgeline {

/// What LACS needs of a run.
struct ScalingParts {
  const LatencyOracle& oracle;
  TrialRunner& runner;
  TrialStore& store;
  std::vector<FurtherOracle> further = {};
};

/// LACS on `base` with the run's reward, oracle and evaluator. Every evaluated candidate is a trial
/// of phase `scaling`, committed in order; a candidate that the store already holds is not trained
/// again. The reward's target is the scaled network's target latency (Equation 4), that of a
/// further accelerator as many times the base network's latency there. `reward.limits` hold scaled
/// networks as they stand: those over one are no candidates, and members over one say so.
LacsResult run_lacs(const ExperimentConfig& config, const Architecture& base,
                    const ScalingParts& parts, const TrialObserver& observer = {});

}  // namespace ridgeline
