#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "accuracy/config.h"
#include "accuracy/data/augment.h"
#include "accuracy/evaluator.h"
#include "runtime/network_module.h"
#include "runtime/rank_group.h"

namespace ridgeline {

/// What the random streams of one training derive from.
struct TrainingSeed {
  uint64_t seed = 1;
  uint64_t trial_id = 0;
};

/// Where a training is after a step.
struct StepReport {
  int epoch = 0;                ///< from 1
  int64_t step = 0, steps = 0;  ///< of the epoch: done, and in all
  double loss = 0;              ///< mean over the epoch's steps that were looked at
};

/// What is done after an epoch.
struct EpochEnd {
  std::vector<Metric> metrics = {};  ///< to add to the learning curve
  bool stop = false;                 ///< the training ends here
};

/// What one training does besides its recipe, the `TrainingConfig`.
struct TrainingPlan {
  int epochs = 1;
  /// 0: none. The training ends after this epoch, as one of all `epochs` is then, and writes its
  /// checkpoint.
  int stop_after_epoch = 0;
  TrainingSeed seed = {};
  RankGroup* ranks = nullptr;  ///< of a data-parallel training; borrowed
  CheckpointPlan checkpoint = {};
  /// Called after epoch 1, 2, ... with the learning curve so far. It may change nothing of the
  /// training. A resumed training calls it again for an epoch whose end no checkpoint has seen.
  std::function<EpochEnd(int epoch, const std::vector<Metric>& curve)> after_epoch = {};
  bool averaged_after_epoch = false;  ///< `after_epoch` sees the averaged weights
  /// The images of epoch 0, 1, ..., where they are not always the same (progressive resolution):
  /// as many, and the module fits them once it returns. Borrowed until the next call.
  std::function<const BatchMaker*(int64_t epoch)> images_of_epoch = {};
  std::function<void(const StepReport&)> after_step = {};
};

/// Whether `config.validate_every` asks for a score after this epoch (from 1).
bool scored_after(int epoch, const TrainingConfig& config);

/// Trains `module` in place for `plan.epochs` passes over `images` in whole batches (the rest of a
/// pass, less than a batch, is left out), on the device and with the recipe of `config`; ends with
/// the averaged weights where `config.ema_decay` is on. Returns `kComplete` (`kStopped` where
/// `plan.stop_after_epoch` comes before the last one) with the last epoch's mean loss and the
/// learning curve, or `kDiverged`. With `ranks`, all of them train one network
/// together: to the rounding, each ends with what one process would (batch-norm statistics: see
/// `config.batch_norm_statistics`). Throws `RankLost`. With a `checkpoint` it goes on from there,
/// to the same bits, and where it is asked to stop throws `kInterrupted`; of several ranks all read
/// it and rank 0 writes it. A loss that is not finite ends the training: on a CPU after its step,
/// on a GPU at the next look at the losses (every 64 steps, at the end of an epoch and before a
/// checkpoint); what is returned of it is the same.
Evaluation train(NetworkModule& module, const BatchMaker& images, const TrainingConfig& config,
                 const TrainingPlan& plan);

}  // namespace ridgeline
