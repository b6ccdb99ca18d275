#include "accuracy/trainer.h"

#include <ATen/ATen.h>
#include <torch/nn/utils/clip_grad.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <new>
#include <numeric>
#include <optional>
#include <vector>

#include "accuracy/data_parallel.h"
#include "accuracy/moving_average.h"
#include "accuracy/optimizer.h"
#include "accuracy/schedule.h"
#include "accuracy/training_checkpoint.h"
#include "core/error.h"
#include "core/logging.h"
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
void add_metrics(std::vector<Metric>& metrics, int epoch, double loss, double images,
                 double seconds) {
  metrics.push_back({epoch, "train_loss", loss});
  if (images > 0 && seconds > 0) metrics.push_back({epoch, "images_per_s", images / seconds});
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
        ranks_(ranks),
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

  /// Goes back to where the checkpoint was written, if there is a sound one that all ranks see.
  void resume(const CheckpointPlan& plan, TrainingPosition& position) {
    if (plan.path.empty()) return;
    const auto found = read_training_checkpoint(plan);
    if (!all_read(found ? found->checksum : 0) || !found) return;
    try {
      torch::serialize::InputArchive archive;
      archive.load_from(found->payload.data(), found->payload.size(), device_);
      load(archive);
      position.load(archive);
    } catch (const c10::Error& error) {
      // Half of it may be in the module by now. The next attempt begins without it.
      std::error_code ignored;
      std::filesystem::remove(plan.path, ignored);
      throw Error(ErrorKind::kRun, plan.path + ": the checkpoint does not fit this network (" +
                                       error.what_without_backtrace() + "); it is removed");
    }
    spdlog::info("the training continues in epoch {} after step {}", position.epoch + 1,
                 position.step);
  }

  /// Between two steps: writes a checkpoint where one is due, and breaks off where that is asked.
  void pause(const CheckpointPlan& plan, CheckpointClock& clock, const TrainingPosition& position) {
    if (plan.path.empty()) return;
    const bool stop = plan.stop_asked && plan.stop_asked();
    if (!stop && !clock.due()) return;
    if (ranks_ == nullptr || ranks_->rank() == 0) write(plan, position);
    if (!stop) return;
    throw Error(ErrorKind::kInterrupted, "stopped in epoch " + std::to_string(position.epoch + 1) +
                                             " after step " + std::to_string(position.step) +
                                             "; the training goes on from " + plan.path);
  }

 private:
  /// Whether every rank has read the same checkpoint; else all start over.
  bool all_read(uint64_t checksum) {
    if (ranks_ == nullptr) return true;
    constexpr int kPieces = 4;  // of 16 bits, which a sum of doubles keeps exactly
    at::Tensor seen = at::zeros({ranks_->size(), kPieces}, at::kDouble);
    for (int i = 0; i < kPieces; ++i)
      seen[ranks_->rank()][i] = static_cast<double>(checksum >> (16 * i) & 0xFFFF);
    seen = seen.to(device_);
    ranks_->sum(seen);
    if (seen.eq(seen.narrow(0, 0, 1)).all().item<bool>()) return true;
    spdlog::warn("the ranks see different checkpoints; the training starts over");
    return false;
  }

  void write(const CheckpointPlan& plan, const TrainingPosition& position) {
    try {
      torch::serialize::OutputArchive archive;
      save(archive);
      position.save(archive);
      write_training_checkpoint(plan, archive);
    } catch (const Error& error) {
      // A full disk costs the checkpoint, not the training.
      spdlog::warn("no checkpoint: {}", error.what());
    }
  }

  void save(torch::serialize::OutputArchive& archive) const {
    torch::serialize::OutputArchive optimizer, average;
    const auto tensors = state_tensors();
    for (size_t i = 0; i < tensors.size(); ++i)
      archive.write("tensor" + std::to_string(i), tensors[i]);
    optimizer_->save(optimizer);
    if (average_) average_->save(average);
    archive.write("optimizer", optimizer);
    archive.write("average", average);
    archive.write("dropout", module_->random_state());
  }

  void load(torch::serialize::InputArchive& archive) {
    const at::NoGradGuard no_gradients;
    auto tensors = state_tensors();
    for (size_t i = 0; i < tensors.size(); ++i)
      tensors[i].copy_(read_tensor(archive, "tensor" + std::to_string(i)));
    torch::serialize::InputArchive optimizer, average;
    archive.read("optimizer", optimizer);
    archive.read("average", average);
    optimizer_->load(optimizer);
    if (average_) average_->load(average);
    module_->set_random_state(read_tensor(archive, "dropout").cpu());
  }

  std::vector<at::Tensor> state_tensors() const {
    std::vector<at::Tensor> tensors = module_->parameters();
    for (const auto& buffer : module_->buffers()) tensors.push_back(buffer);
    return tensors;
  }

  NetworkModule& module_;
  const TrainingConfig& config_;
  RankGroup* ranks_;
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
                 const CheckpointPlan& checkpoint, const EpochScore& epoch_score) {
  const int batch_size = std::min(config.batch, image_count);
  const int64_t steps_per_epoch = image_count / batch_size;
  const Augmentation augmentation{config.flip, config.crop_padding};
  module->reseed(derive_seed(seed.seed, seed.trial_id, "dropout"));
  Training training(module, config, batch_size, ranks);
  TrainingPosition at{.order = RandomStream(seed.seed, seed.trial_id, "order"),
                      .augmentation = RandomStream(seed.seed, seed.trial_id, "augmentation")};
  training.resume(checkpoint, at);
  CheckpointClock clock(checkpoint.every_s);
  Evaluation result;
  for (; at.epoch < epochs; ++at.epoch, at.step = 0, at.loss_sum = 0) {
    module->train();
    const auto start = std::chrono::steady_clock::now();
    const int64_t first_step = at.step;
    RandomStream order_stream = at.order;
    const std::vector<int> order = permutation(image_count, order_stream);
    while (at.step < steps_per_epoch) {
      const auto begin = order.begin() + at.step * batch_size;
      const Batch batch = images.augmented({begin, begin + batch_size}, augmentation,
                                           at.augmentation, training.slice(batch_size));
      const double rate =
          learning_rate_at(config, epochs, steps_per_epoch, at.epoch * steps_per_epoch + at.step);
      const double loss = training.step(batch, rate);
      if (!std::isfinite(loss)) {
        return diverged(std::move(at.metrics),
                        "the training loss became " +
                            std::string(std::isnan(loss) ? "NaN" : "infinite") + " in epoch " +
                            std::to_string(at.epoch + 1) + ", step " + std::to_string(at.step + 1) +
                            " of " + std::to_string(steps_per_epoch));
      }
      at.loss_sum += loss;
      ++at.step;
      training.pause(checkpoint, clock, at);
    }
    result.loss = at.loss_sum / static_cast<double>(steps_per_epoch);
    at.order = order_stream;
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    const int epoch = static_cast<int>(at.epoch) + 1;
    add_metrics(at.metrics, epoch, result.loss,
                static_cast<double>((steps_per_epoch - first_step) * batch_size), elapsed.count());
    if (!epoch_score || !scored_after(epoch, epochs, config)) continue;
    if (const auto accuracy = epoch_score())
      at.metrics.push_back({epoch, "validation_accuracy", *accuracy});
  }
  training.finish();
  result.metrics = std::move(at.metrics);
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
