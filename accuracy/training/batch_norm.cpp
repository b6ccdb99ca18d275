#include "accuracy/training/batch_norm.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "accuracy/data/batch_loader.h"
#include "core/random.h"
#include "runtime/device.h"
#include "runtime/torch_compat.h"

namespace ridgeline {
namespace {

/// Of small data a quarter is enough, or the statistics would cost more than a tenth of an epoch.
constexpr int kStatisticsBatches = 4;
constexpr int kFewestImages = 256;

}  // namespace

double batch_norm_momentum(int64_t steps) {
  return std::clamp(10.0 / static_cast<double>(std::max<int64_t>(steps, 1)), 0.01, 0.3);
}

void retake_batch_norm_statistics(NetworkModule& module, const BatchMaker& images,
                                  const TrainingConfig& config, const TrainingSeed& seed) {
  const at::NoGradGuard no_gradients;
  module->eval();
  module->clear_statistics();
  RandomStream stream(seed.seed, seed.trial_id, "batch norm statistics");
  const std::vector<int> order = permutation(images.size(), stream);
  const int wanted = std::clamp(images.size() / 4, kFewestImages, kStatisticsImages);
  const int batch = std::min(wanted, images.size()) / kStatisticsBatches;
  const int batches = batch > 1 ? kStatisticsBatches : 1;
  const int count = batch > 1 ? batch : images.size();
  const torch::Device device = device_from_text(config.device);
  BatchLoader loader(
      [&, begin = order.begin()]() mutable {
        const auto from = begin;
        begin += count;
        return MadeBatch{images.plain({from, begin})};
      },
      batches, device);
  for (int i = 1; i <= batches; ++i) {
    std::optional<AutocastBf16> autocast;
    if (config.bf16) autocast.emplace(device.type());
    module->collect_statistics(1.0 / i);
    module->forward(loader.next().batch.images);
  }
  module->collect_statistics(0);
}

}  // namespace ridgeline
