#pragma once

#include "experiments/scaling_trials.h"

namespace ridgeline {

/// LACS on `base` with the run's reward, oracles and evaluator. Every evaluated candidate is a
/// trial of phase `scaling`, committed in order; a candidate that the store already holds is not
/// trained again. On every accelerator the target is `scaling.latency_ratio` times the base
/// network's latency there (Equation 4). `reward.limits` hold scaled networks as they stand: those
/// over one are no candidates, and members over one say so.
LacsResult run_lacs(const ExperimentConfig& config, const Architecture& base,
                    const ScalingParts& parts, const TrialObserver& observer = {});

/// With `scaling.per_accelerator`, one scaling for each accelerator (Equation 3), the main one
/// first: the latency there is the target, and the reward knows no other. Otherwise `run_lacs`.
std::vector<LacsResult> run_scaling(const ExperimentConfig& config, const Architecture& base,
                                    const ScalingParts& parts, const TrialObserver& observer = {});

/// Fills I of `member`, and its latencies on the oracles besides `main` and on `hardware`, analytic
/// at the batch of `latency`.
void price_member(FamilyMember& member, const std::vector<TargetOracle>& oracles, size_t main,
                  const std::vector<std::string>& hardware, const LatencyConfig& latency);

/// The most trainings that a scaling may take: its progress bar's length.
int most_scaling_trials(const ExperimentConfig& config);

}  // namespace ridgeline
