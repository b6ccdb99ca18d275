#pragma once

#include <algorithm>

#include "accuracy/data/augment.h"
#include "accuracy/data/dataset.h"
#include "accuracy/evaluator.h"
#include "runtime/rank_group.h"

namespace ridgeline {

/// Throws `kConfig` where this machine has not the device that `config` names, or the device not
/// the units for its precision.
void require_training_device(const TrainingConfig& config);

/// Why a result cannot be believed: the training loss says that the network knows the training
/// images, the accuracy that it does not know held-out ones at all. Empty: no doubt.
std::string contradiction(const Evaluation& result, int classes, double label_smoothing);

/// Trains the candidate from scratch for a few epochs and scores it on held-out images: the
/// validation part, or for `TrialSpec::test_split` the test images (the validation part where the
/// source has none). A trial is as much smaller as `accuracy.proxy` says, the final training (that
/// of `test_split`) is not. Before a score, batch norm gets the statistics that the weights,
/// averaged or not, have on training images (batch_norm.h). Selects the process's kernels on CUDA
/// as `training.deterministic` and `tf32` say, and adds to the metrics what the training took of
/// the GPU's memory. As one of several ranks it trains with the others; rank 0 alone scores and
/// saves the weights.
class ProxyEvaluator : public AccuracyEvaluator {
 public:
  /// Throws `kData` for unreadable data, `kConfig` for what is no name of a device. The device need
  /// not be here before something is evaluated.
  explicit ProxyEvaluator(const AccuracyConfig& config, RankGroup* ranks = nullptr);

  Evaluation evaluate(const TrialSpec& spec) override;
  /// Throws `kConfig` where its networks cannot be reduced as `accuracy.proxy` says.
  void require(const SearchSpace& space) const override;
  int classes() const override { return data_.classes; }
  int channels() const override { return data_.train.channels; }
  int resolution() const override {
    return std::max(data_.train.seen_height(), data_.train.seen_width());
  }
  double batch_norm_momentum() const override;
  std::optional<Normalization> normalization() const override { return normalization_; }
  const Dataset& data() const { return data_; }

 protected:
  /// What `evaluate` does once device and threads are ready.
  virtual Evaluation train_and_score(const TrialSpec& spec) const;
  const TrainingConfig& training() const { return training_; }

 private:
  TrainingConfig training_;
  ReductionConfig reduction_;
  RankGroup* ranks_;  // null: this process trains alone
  Dataset data_;
  ImageSet fewer_;  // of the training images, where trials learn from a share
  Normalization normalization_;
};

}  // namespace ridgeline
