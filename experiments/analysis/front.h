#pragma once

#include <vector>

#include "experiments/store/trial.h"

namespace ridgeline {

/// The complete trials that no other one beats in both accuracy and latency, by rising latency; of
/// equal ones the first. Empty when no trial is complete.
std::vector<Trial> front_of(const std::vector<Trial>& trials);

}  // namespace ridgeline
