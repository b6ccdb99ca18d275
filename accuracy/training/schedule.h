#pragma once

#include <cstdint>

#include "accuracy/config.h"

namespace ridgeline {

/// The step size of step `step` (from 0) of a training of `epochs` x `steps_per_epoch` steps.
/// Linear warm-up to the peak comes first; cosine falls from its end to zero; exponential is a
/// staircase counted from step 0, as in EfficientNet. A warm-up that would fill the whole training
/// ends half-way.
double learning_rate_at(const TrainingConfig& config, int epochs, int64_t steps_per_epoch,
                        int64_t step);

}  // namespace ridgeline
