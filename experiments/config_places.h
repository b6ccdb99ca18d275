#pragma once

#include <functional>

#include "experiments/config.h"

namespace ridgeline {

/// Runs `action`. Where an `Error` begins with a key of the experiment's file ("reward.target_ms:
/// out of reach ..."), or with a file or hardware name that such a key gives, the same error is
/// thrown with the key's place in front: "my.yaml:12:14: reward.target_ms: out of reach ...".
void at_places(const ExperimentConfig& config, const std::function<void()>& action);

}  // namespace ridgeline
