#pragma once

#include <cstdint>

#include "accuracy/data/augment.h"
#include "accuracy/training/trainer.h"
#include "runtime/network_module.h"

namespace ridgeline {

/// The momentum of batch norm for a training of `steps` steps: 10 / steps, so that the running
/// statistics cover about the last tenth of it; from 0.01 (EfficientNet's) to 0.3.
double batch_norm_momentum(int64_t steps);

/// Replaces the running statistics of batch norm by the mean over a few batches of training images,
/// as they are, without dropout and drop-connect: what the network meets when it is scored. So a
/// score depends neither on the momentum nor on the length of the training. At most
/// `kStatisticsImages` images, drawn from `seed`: equal arguments give equal bits. The weights
/// stay. Leaves the module in evaluation mode.
void retake_batch_norm_statistics(NetworkModule& module, const BatchMaker& images,
                                  const TrainingConfig& config, const TrainingSeed& seed);

inline constexpr int kStatisticsImages = 1024;

}  // namespace ridgeline
