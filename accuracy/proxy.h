#pragma once

#include "accuracy/augment.h"
#include "accuracy/dataset.h"
#include "accuracy/evaluator.h"

namespace ridgeline {

/// Trains the candidate from scratch for a few epochs and scores it on held-out images: the
/// validation part, or for `TrialSpec::test_split` the test images (the validation part where the
/// source has none). On a CUDA device it selects deterministic cuDNN algorithms for the process.
class ProxyEvaluator : public AccuracyEvaluator {
 public:
  /// Throws `kData` for unreadable data, `kConfig` for a device that is not there.
  explicit ProxyEvaluator(const AccuracyConfig& config);

  Evaluation evaluate(const TrialSpec& spec) override;
  int classes() const override { return data_.classes; }
  int channels() const override { return data_.train.channels; }

 private:
  Evaluation train_and_score(const TrialSpec& spec) const;

  TrainingConfig training_;
  Dataset data_;
  Normalization normalization_;
};

}  // namespace ridgeline
