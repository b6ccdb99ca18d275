#pragma once

#include <optional>

#include "accuracy/evaluator.h"
#include "accuracy/zero_cost/scorer.h"

namespace ridgeline {

/// Answers with a score of the untrained network instead of an accuracy. So that every form of
/// reward can use it, the score (on a log scale) becomes a number in (0, 1) that rises with it:
/// logistic((score - median) / spread), median and spread (half the distance from the 16th to the
/// 84th percentile) those of `zero_cost.reference` random networks of the space. So 0.5 is the
/// median network of the space, and no value is a share of images. Each result has the score itself
/// as a metric.
class ZeroCostEvaluator : public AccuracyEvaluator {
 public:
  /// Throws `kData` for unreadable data.
  explicit ZeroCostEvaluator(const AccuracyConfig& config);

  /// `require` comes first: it says which space sets the scale. A score that is NaN is `diverged`.
  Evaluation evaluate(const TrialSpec& spec) override;
  /// Scores the reference networks. Throws `kConfig` where all have the same score.
  void require(const SearchSpace& space) const override;
  int classes() const override { return scorer_.classes(); }
  int channels() const override { return scorer_.channels(); }
  int resolution() const override { return scorer_.resolution(); }
  std::optional<Normalization> normalization() const override { return scorer_.normalization(); }

 private:
  struct Scale {
    double median = 0, spread = 1;
  };
  Scale scale_of(const SearchSpace& space) const;

  ZeroCostConfig config_;
  ZeroCostScorer scorer_;
  mutable std::optional<Scale> scale_;
};

}  // namespace ridgeline
