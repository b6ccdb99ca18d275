#include "export/inference/evaluate.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <chrono>
#include <numeric>
#include <vector>

#include "core/error.h"

namespace ridgeline {

Normalization normalization_for(const ModelInput& input, const std::optional<Normalization>& given,
                                int channels) {
  const auto count = static_cast<size_t>(channels);
  if (input.images.include_preprocessing) {
    if (!given) return {std::vector<double>(count, 0.0), std::vector<double>(count, 1.0)};
    throw Error(ErrorKind::kUsage,
                "the model normalizes its images itself: leave the normalization away");
  }
  if (!given && !input.images.normalization) {
    throw Error(ErrorKind::kUsage,
                "the model's files do not record how its images were normalized: give --mean and "
                "--std, or --data-normalization for those of the data's training images");
  }
  const Normalization chosen = for_channels(given ? *given : *input.images.normalization, channels);
  if (chosen.mean.size() == count && chosen.deviation.size() == count) return chosen;
  throw Error(ErrorKind::kConfig, "the normalization " + to_text(chosen) + " is not of " +
                                      std::to_string(channels) +
                                      " channels, as the model's images are");
}

EvaluationResult evaluate(Classifier& classifier, const BatchMaker& images, int classes, int batch,
                          const std::function<void(int)>& progress) {
  EvaluationResult result{ClassificationScores(classes)};
  for (int begin = 0; begin < images.size(); begin += batch) {
    std::vector<int> indices(static_cast<size_t>(std::min(batch, images.size() - begin)));
    std::iota(indices.begin(), indices.end(), begin);
    const Batch made = images.plain(indices);
    const auto start = std::chrono::steady_clock::now();
    const at::Tensor logits = classifier.logits(made.images).to(at::kCPU, at::kFloat).contiguous();
    result.seconds +=
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (logits.dim() != 2 || logits.size(0) != made.labels.size(0)) {
      throw Error(ErrorKind::kRun, "the model gives no outputs of the form [images, classes]");
    }
    const auto width = static_cast<size_t>(logits.size(1));
    const float* values = logits.data_ptr<float>();
    const int64_t* labels = made.labels.data_ptr<int64_t>();
    for (size_t i = 0; i < indices.size(); ++i) {
      result.scores.add({values + i * width, width}, static_cast<int>(labels[i]));
    }
    if (progress) progress(begin + static_cast<int>(indices.size()));
  }
  return result;
}

}  // namespace ridgeline
