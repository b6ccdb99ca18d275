#pragma once

#include "experiments/search.h"
#include "scaling/lacs.h"

namespace ridgeline {

/// What LACS needs of a run.
struct ScalingParts {
  std::vector<TargetOracle> oracles;  ///< in the order of `ExperimentConfig::targets`
  TrialRunner& runner;
  TrialStore& store;
};

/// LACS on `base` with the run's reward, oracles and evaluator. Every evaluated candidate is a
/// trial of phase `scaling`, committed in order; a candidate that the store already holds is not
/// trained again. On every accelerator the target is `scaling.latency_ratio` times the base
/// network's latency there (Equation 4). `reward.limits` hold scaled networks as they stand: those
/// over one are no candidates, and members over one say so.
LacsResult run_lacs(const ExperimentConfig& config, const Architecture& base,
                    const ScalingParts& parts, const TrialObserver& observer = {});

}  // namespace ridgeline
