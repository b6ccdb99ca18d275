#include "accuracy/trainer.h"

#include <ATen/ATen.h>
#include <torch/nn/utils/clip_grad.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <new>
#include <numeric>
#include <optional>
#include <vector>

#include "accuracy/data_parallel.h"
#include "accuracy/moving_average.h"
#include "accuracy/optimizer.h"
#include "accuracy/schedule.h"
#include "runtime/device.h"
#include "runtime/torch_compat.h"

namespace ridgeline {
namespace {

constexpr int kScoringBatch = 256;

Evaluation diverged(std::vector<Metric> metrics, const std::string& message) {
  Evaluation result;
  result.metrics = std::move(metrics);
  result.status = TrialStatus::kDiverged;
  result.message = message;
  return result;
}

/// Adds an epoch's part of the learning curve.
void add_metrics(Evaluation& result, int epoch, double images, double seconds) {
  result.metrics.push_back({epoch, "train_loss", result.loss});
  if (seconds > 0) result.metrics.push_back({epoch, "images_per_s", images / seconds});
}

bool scored_after(int epoch, int epochs, const TrainingConfig& config) {
  return config.validate_every > 0 && epoch < epochs && epoch % config.validate_every == 0;
}

/// The moving parts of one training and one step of it.
class Training {
 public:
  Training(NetworkModule& module, const TrainingConfig& config, int batch, RankGroup* ranks)
      : module_(module),
        config_(config),
        device_(device_from_text(config.device)),
        optimizer_(make_optimizer(config, *module)) {
    if (ranks != nullptr) parallel_.emplace(module, batch, config.batch_norm_statistics, *ranks);
    if (config.ema_decay > 0) average_.emplace(*module, config.ema_decay);
  }

  /// The part of a batch that this process works on.
  BatchSlice slice(int batch) const {
    return parallel_ ? parallel_->slice() : BatchSlice{0, batch, batch};
  }

  /// Forward, backward, update; the whole batch's loss before the update.
  double step(const Batch& batch, double learning_rate) {
    set_learning_rate(*optimizer_, learning_rate);
    at::Tensor loss;
    {
      std::optional<AutocastBf16> autocast;
      if (config_.bf16) autocast.emplace(device_.type());
      const at::Tensor logits = module_->forward(place(batch.images, device_));
      loss = smoothed_cross_entropy(logits.to(at::kFloat), batch.labels.to(device_),
                                    config_.label_smoothing);
    }
    if (parallel_) loss = loss * parallel_->share();
    optimizer_->zero_grad();
    loss.backward();
    const double batch_loss = parallel_ ? parallel_->combine(loss) : loss.item<double>();
    if (config_.gradient_clip > 0) {
      torch::nn::utils::clip_grad_norm_(module_->parameters(), config_.gradient_clip);
    }
    optimizer_->step();
    if (average_) average_->update();
    return batch_loss;
  }

  void finish() {
    if (average_) average_->apply();
  }

 private:
  NetworkModule& module_;
  const TrainingConfig& config_;
  torch::Device device_;
  std::unique_ptr<torch::optim::Optimizer> optimizer_;
  std::optional<DataParallel> parallel_;
  std::optional<MovingAverage> average_;
};

}  // namespace

at::Tensor smoothed_cross_entropy(const at::Tensor& logits, const at::Tensor& labels,
                                  double smoothing) {
  return at::cross_entropy_loss(logits, labels, /*weight=*/{}, at::Reduction::Mean,
                                /*ignore_index=*/-100, smoothing);
}

Evaluation train(NetworkModule& module, const BatchMaker& images, int image_count, int epochs,
                 const TrainingConfig& config, const TrainingSeed& seed, RankGroup* ranks,
                 const EpochScore& epoch_score) {
  const int batch_size = std::min(config.batch, image_count);
  const int64_t steps_per_epoch = image_count / batch_size;
  const Augmentation augmentation{config.flip, config.crop_padding};
  RandomStream order_stream(seed.seed, seed.trial_id, "order");
  RandomStream augmentation_stream(seed.seed, seed.trial_id, "augmentation");
  module->reseed(derive_seed(seed.seed, seed.trial_id, "dropout"));
  Training training(module, config, batch_size, ranks);
  Evaluation result;
  for (int epoch = 0; epoch < epochs; ++epoch) {
    module->train();
    const auto start = std::chrono::steady_clock::now();
    const std::vector<int> order = permutation(image_count, order_stream);
    double sum = 0;
    for (int64_t step = 0; step < steps_per_epoch; ++step) {
      const auto begin = order.begin() + step * batch_size;
      const Batch batch = images.augmented({begin, begin + batch_size}, augmentation,
                                           augmentation_stream, training.slice(batch_size));
      const double rate =
          learning_rate_at(config, epochs, steps_per_epoch, epoch * steps_per_epoch + step);
      const double loss = training.step(batch, rate);
      if (!std::isfinite(loss)) {
        return diverged(std::move(result.metrics),
                        "the training loss became " +
                            std::string(std::isnan(loss) ? "NaN" : "infinite") + " in epoch " +
                            std::to_string(epoch + 1) + ", step " + std::to_string(step + 1) +
                            " of " + std::to_string(steps_per_epoch));
      }
      sum += loss;
    }
    result.loss = sum / static_cast<double>(steps_per_epoch);
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    add_metrics(result, epoch + 1, static_cast<double>(steps_per_epoch * batch_size),
                elapsed.count());
    if (!epoch_score || !scored_after(epoch + 1, epochs, config)) continue;
    if (const auto accuracy = epoch_score())
      result.metrics.push_back({epoch + 1, "validation_accuracy", *accuracy});
  }
  training.finish();
  return result;
}

Evaluation score(NetworkModule& module, const BatchMaker& images, int image_count,
                 const TrainingConfig& config) {
  const at::NoGradGuard no_gradients;
  const torch::Device device = device_from_text(config.device);
  module->eval();
  int64_t right = 0;
  for (int begin = 0; begin < image_count; begin += kScoringBatch) {
    std::vector<int> indices(static_cast<size_t>(std::min(kScoringBatch, image_count - begin)));
    std::iota(indices.begin(), indices.end(), begin);
    const Batch batch = images.plain(indices);
    std::optional<AutocastBf16> autocast;
    if (config.bf16) autocast.emplace(device.type());
    const at::Tensor logits = module->forward(place(batch.images, device)).to(at::kCPU, at::kFloat);
    if (!at::isfinite(logits).all().item<bool>()) {
      return diverged({}, "the trained network's outputs are not finite");
    }
    right += logits.argmax(1).eq(batch.labels).sum().item<int64_t>();
  }
  Evaluation result;
  result.accuracy = static_cast<double>(right) / image_count;
  return result;
}

bool is_out_of_memory(const std::exception& error) {
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) return true;
  if (dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr) return true;
  // The CPU allocator throws a plain c10::Error.
  const std::string text = error.what();
  return text.find("can't allocate memory") != std::string::npos ||
         text.find("out of memory") != std::string::npos;
}

}  // namespace ridgeline
