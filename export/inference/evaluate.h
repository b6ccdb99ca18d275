#pragma once

#include <functional>
#include <optional>

#include "accuracy/data/augment.h"
#include "accuracy/evaluation/scores.h"
#include "export/inference/classifier.h"

namespace ridgeline {

struct EvaluationResult {
  ClassificationScores scores;
  double seconds = 0;  ///< that the model took, without reading and preparing images
};

/// The normalization to prepare images with for a model: none where the model normalizes them
/// itself (mean 0, deviation 1), else `given`, else the recorded one. Throws `kUsage` where there
/// is none, or where `given` meets a model that normalizes itself; `kConfig` for another number of
/// channels than `channels`.
Normalization normalization_for(const ModelInput& input, const std::optional<Normalization>& given,
                                int channels);

/// Runs the classifier on all images, `batch` at a time. `progress` is given the number of images
/// done so far. Throws as `Classifier::logits` and `ClassificationScores::add`.
EvaluationResult evaluate(Classifier& classifier, const BatchMaker& images, int classes, int batch,
                          const std::function<void(int)>& progress = {});

}  // namespace ridgeline
