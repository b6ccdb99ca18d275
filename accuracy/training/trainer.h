#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

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

/// Mean over the batch of the cross-entropy against (1 - smoothing) on the label plus smoothing /
/// classes on every class. logits: [n, classes]; labels: [n].
at::Tensor smoothed_cross_entropy(const at::Tensor& logits, const at::Tensor& labels,
                                  double smoothing);

/// Scores the network as it is, for the learning curve; nothing where that cannot be done.
using EpochScore = std::function<std::optional<double>()>;

/// What one training does besides its recipe, the `TrainingConfig`.
struct TrainingPlan {
  int epochs = 1;
  TrainingSeed seed = {};
  RankGroup* ranks = nullptr;  ///< of a data-parallel training; borrowed
  CheckpointPlan checkpoint = {};
  EpochScore epoch_score = {};
};

/// Trains `module` in place for `plan.epochs` passes over `images` in whole batches (the rest of a
/// pass, less than a batch, is left out), on the device and with the recipe of `config`; ends with
/// the averaged weights where `config.ema_decay` is on. Returns `kComplete` with the last epoch's
/// mean loss, or `kDiverged`; with the learning curve, to which `epoch_score` adds
/// `validation_accuracy` every `config.validate_every` epochs but the last (of the weights without
/// their average). The score changes nothing of the training. With `ranks`, all of them train one
/// network together: to the rounding, each ends with what one process would (batch-norm statistics:
/// see `config.batch_norm_statistics`). Throws `RankLost`. With a `checkpoint` it goes on from
/// there, to the same bits, and where it is asked to stop throws `kInterrupted`; of several ranks
/// all read it and rank 0 writes it. A loss that is not finite ends the training: on a CPU after
/// its step, on a GPU at the next look at the losses (every 64 steps, at the end of an epoch and
/// before a checkpoint); what is returned of it is the same.
Evaluation train(NetworkModule& module, const BatchMaker& images, const TrainingConfig& config,
                 const TrainingPlan& plan);

/// Fraction of the images that `module` classifies rightly (`kComplete`), or `kDiverged` when an
/// output is not finite.
Evaluation score(NetworkModule& module, const BatchMaker& images, const TrainingConfig& config);

}  // namespace ridgeline
