#pragma once

#include "controller/policy_model.h"

namespace ridgeline {

/// TuNAS's policy (Bender et al. 2020): one logit per choice of each decision, no network. All
/// logits start at 0, so that the first proposals are uniform.
std::unique_ptr<PolicyModel> make_factorised_policy(const ControllerConfig& config,
                                                    const std::vector<Decision>& decisions);

}  // namespace ridgeline
