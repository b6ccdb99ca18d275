#pragma once

#include "controller/policy_model.h"

namespace ridgeline {

/// The recurrent policy (`Policy`) as a `PolicyModel`. Computes on one thread whatever the
/// process's setting, so that the result does not depend on it.
std::unique_ptr<PolicyModel> make_lstm_policy(const ControllerConfig& config,
                                              const std::vector<Decision>& decisions,
                                              uint64_t seed);

}  // namespace ridgeline
