#include "accuracy/training/score.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <numeric>
#include <optional>
#include <vector>

#include "accuracy/data/batch_loader.h"
#include "runtime/device.h"
#include "runtime/torch_compat.h"

namespace ridgeline {
namespace {

constexpr int kScoringBatch = 256;

}  // namespace

Evaluation score(NetworkModule& module, const BatchMaker& images, const TrainingConfig& config,
                 RankGroup* ranks) {
  const int image_count = images.size();
  const int rank = ranks != nullptr ? ranks->rank() : 0,
            size = ranks != nullptr ? ranks->size() : 1;
  const int all_batches = (image_count + kScoringBatch - 1) / kScoringBatch;
  const int own_batches = (all_batches - rank + size - 1) / size;
  const at::NoGradGuard no_gradients;
  const torch::Device device = device_from_text(config.device);
  module->eval();
  BatchLoader batches(
      [&, begin = rank * kScoringBatch]() mutable {
        std::vector<int> indices(static_cast<size_t>(std::min(kScoringBatch, image_count - begin)));
        std::iota(indices.begin(), indices.end(), begin);
        begin += size * kScoringBatch;
        return MadeBatch{images.plain(indices)};
      },
      own_batches, device);
  // The figures stay on the device: each that is read is a wait.
  const auto counts = at::TensorOptions(device).dtype(at::kDouble);
  at::Tensor right = at::zeros({}, counts), infinite = at::zeros({}, counts);
  for (int i = 0; i < own_batches; ++i) {
    const Batch batch = batches.next().batch;
    std::optional<AutocastBf16> autocast;
    if (config.bf16) autocast.emplace(device.type());
    const at::Tensor logits = module->forward(batch.images).to(at::kFloat);
    infinite.add_(at::isfinite(logits).logical_not().sum());
    right.add_(logits.argmax(1).eq(batch.labels).sum());
  }
  at::Tensor sums = at::stack({right, infinite});
  if (ranks != nullptr) ranks->sum(sums);
  sums = sums.cpu();
  Evaluation result;
  if (sums[1].item<double>() > 0) {
    result.status = TrialStatus::kDiverged;
    result.message = "the trained network's outputs are not finite";
  } else {
    result.accuracy = sums[0].item<double>() / image_count;
  }
  return result;
}

}  // namespace ridgeline
