#pragma once

#include <memory>
#include <vector>

#include "accuracy/supernet/supernet_training.h"
#include "experiments/candidate.h"
#include "experiments/config.h"

namespace ridgeline {

/// The policy that learns beside the shared weights (`supernet.sampling: alternate`): one logit per
/// choice, REINFORCE with a moving-average baseline, as in TuNAS (Bender et al. 2020, Section 3).
/// Its reward is the configured one, of the accuracy on one validation batch and of the network's
/// latencies; a network that the reward excludes gets the reward of a failure. `candidates` and
/// `oracles` are borrowed.
std::unique_ptr<PathPolicy> make_supernet_policy(const ExperimentConfig& config,
                                                 const CandidateBuilder& candidates,
                                                 std::vector<TargetOracle> oracles);

}  // namespace ridgeline
