#pragma once

#include "accuracy/config.h"
#include "accuracy/data/dataset.h"
#include "accuracy/normalization.h"
#include "accuracy/zero_cost/scores.h"

namespace ridgeline {

/// Scores architectures with the images of an experiment. Equal architectures have equal scores:
/// weights and images do not depend on a trial.
class ZeroCostScorer {
 public:
  /// `batch` training images, drawn with the seed of the data. Throws `kData` as `load_dataset`.
  ZeroCostScorer(const DataConfig& config, int batch);

  double score(ZeroCostScore score, const Architecture& architecture) const;
  int classes() const { return data_.classes; }
  int channels() const { return data_.train.channels; }
  /// The longer side of the images.
  int resolution() const;
  const Normalization& normalization() const { return normalization_; }

 private:
  Dataset data_;
  Normalization normalization_;
  std::vector<int> chosen_;  // of the training images
};

/// A score on a scale where differences between networks are of one size: the logarithm of
/// gradient norm, multiply-adds and parameters; the others are logarithms.
double on_log_scale(ZeroCostScore score, double value);

}  // namespace ridgeline
