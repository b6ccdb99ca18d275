#pragma once

#include <atomic>
#include <string>

#include "accuracy/evaluator.h"
#include "surrogate/fitted_surrogate.h"

namespace ridgeline {

/// Answers with what a file of `ridgeline surrogate fit` predicts. Instant, the same for every seed
/// and budget; saves no weights: a `weights_path` is an error. An architecture outside its space
/// ends as `invalid`. The first one that lies far outside its data is a warning, and the
/// evaluator's end says how many there were. Networks get the classes and the resolution of the
/// data that the fitted ones were trained on.
class FittedSurrogateEvaluator : public AccuracyEvaluator {
 public:
  /// Throws as `FittedSurrogate::load`.
  explicit FittedSurrogateEvaluator(const std::string& path);
  ~FittedSurrogateEvaluator() override;

  Evaluation evaluate(const TrialSpec& spec) override;
  void require(const SearchSpace& space) const override;
  int classes() const override { return shape().classes; }
  int channels() const override { return shape().channels; }
  int resolution() const override { return shape().resolution; }
  double batch_norm_momentum() const override { return shape().batch_norm_momentum; }

  int asked() const { return asked_; }
  int far() const { return far_; }  ///< of those asked, far outside the data

 private:
  const SurrogateShape& shape() const { return surrogate_.content().shape; }

  std::string path_;
  FittedSurrogate surrogate_;
  std::atomic<int> asked_ = 0, far_ = 0;
};

}  // namespace ridgeline
