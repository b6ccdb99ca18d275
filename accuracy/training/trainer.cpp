#include "accuracy/training/trainer.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <numeric>
#include <optional>
#include <vector>

#include "accuracy/data/batch_loader.h"
#include "accuracy/training/data_parallel.h"
#include "accuracy/training/loss_sum.h"
#include "accuracy/training/moving_average.h"
#include "accuracy/training/optimizer.h"
#include "accuracy/training/schedule.h"
#include "accuracy/training/training_checkpoint.h"
#include "core/error.h"
#include "core/logging.h"
#include "runtime/device.h"
#include "runtime/torch_compat.h"

namespace ridgeline {
namespace {

constexpr int kScoringBatch = 256;
/// Steps between two looks at the losses of a GPU: one wait, and so many wasted steps at most.
constexpr int kLookEvery = 64;

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

/// What is to be done between two steps.
enum class Pause { kNone, kWrite, kStop };

Pause pause_due(const CheckpointPlan& plan, CheckpointClock& clock) {
  if (plan.path.empty()) return Pause::kNone;
  if (plan.stop_asked && plan.stop_asked()) return Pause::kStop;
  return clock.due() ? Pause::kWrite : Pause::kNone;
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

  const torch::Device& device() const { return device_; }

  /// Forward, backward, update; the whole batch's loss before the update, where it was computed.
  at::Tensor step(const Batch& batch, double learning_rate) {
    set_learning_rate(*optimizer_, learning_rate);
    at::Tensor loss;
    {
      std::optional<AutocastBf16> autocast;
      if (config_.bf16) autocast.emplace(device_.type());
      const at::Tensor logits = module_->forward(batch.images);
      const auto loss_of = [&](const at::Tensor& labels) {
        return smoothed_cross_entropy(logits.to(at::kFloat), labels, config_.label_smoothing);
      };
      loss = loss_of(batch.labels);
      if (batch.partner_labels.defined())
        loss = loss * batch.own + loss_of(batch.partner_labels) * (1 - batch.own);
    }
    if (parallel_) loss = loss * parallel_->share();
    optimizer_->zero_grad();
    loss.backward();
    const at::Tensor batch_loss = parallel_ ? parallel_->combine(loss) : loss.detach();
    if (config_.gradient_clip > 0) clip_gradient(module_->parameters(), config_.gradient_clip);
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

  /// Between two steps: writes a checkpoint, or breaks off with one.
  void pause(const CheckpointPlan& plan, Pause pause, const TrainingPosition& position) {
    if (pause == Pause::kNone) return;
    if (ranks_ == nullptr || ranks_->rank() == 0) write(plan, position);
    if (pause == Pause::kWrite) return;
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

Evaluation train(NetworkModule& module, const BatchMaker& images, const TrainingConfig& config,
                 const TrainingPlan& plan) {
  const auto& [epochs, seed, ranks, checkpoint, epoch_score] = plan;
  const int image_count = images.size();
  const int batch_size = std::min(config.batch, image_count);
  const int64_t steps_per_epoch = image_count / batch_size;
  const Augmentation augmentation = augmentation_of(config);
  module->reseed(derive_seed(seed.seed, seed.trial_id, "dropout"));
  Training training(module, config, batch_size, ranks);
  TrainingPosition at{.order = RandomStream(seed.seed, seed.trial_id, "order"),
                      .augmentation = RandomStream(seed.seed, seed.trial_id, "augmentation")};
  training.resume(checkpoint, at);
  CheckpointClock clock(checkpoint.every_s);
  LossSum losses(training.device().is_cuda() ? kLookEvery : 1);
  Evaluation result;
  for (; at.epoch < epochs; ++at.epoch, at.step = 0, at.loss_sum = 0) {
    module->train();
    const auto start = std::chrono::steady_clock::now();
    const int64_t first_step = at.step;
    RandomStream order_stream = at.order;
    const std::vector<int> order = permutation(image_count, order_stream);
    BatchLoader batches(
        [&, step = at.step, stream = at.augmentation]() mutable {
          const auto begin = order.begin() + step++ * batch_size;
          Batch batch = images.augmented({begin, begin + batch_size}, augmentation, stream,
                                         training.slice(batch_size));
          return MadeBatch{std::move(batch), stream};
        },
        steps_per_epoch - at.step, training.device());
    while (at.step < steps_per_epoch) {
      if (checkpoint.between_steps) checkpoint.between_steps();
      const MadeBatch made = batches.next();
      const double rate =
          learning_rate_at(config, epochs, steps_per_epoch, at.epoch * steps_per_epoch + at.step);
      losses.add(at.step, training.step(made.batch, rate));
      at.augmentation = *made.stream;
      ++at.step;
      const Pause pause = pause_due(checkpoint, clock);
      if (losses.due() || pause != Pause::kNone || at.step == steps_per_epoch) {
        if (const auto bad = losses.look(at.loss_sum)) {
          return diverged(std::move(at.metrics),
                          "the training loss became " +
                              std::string(std::isnan(bad->loss) ? "NaN" : "infinite") +
                              " in epoch " + std::to_string(at.epoch + 1) + ", step " +
                              std::to_string(bad->step + 1) + " of " +
                              std::to_string(steps_per_epoch));
        }
      }
      training.pause(checkpoint, pause, at);
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

Evaluation score(NetworkModule& module, const BatchMaker& images, const TrainingConfig& config) {
  const int image_count = images.size();
  const at::NoGradGuard no_gradients;
  const torch::Device device = device_from_text(config.device);
  module->eval();
  BatchLoader batches(
      [&, begin = 0]() mutable {
        std::vector<int> indices(static_cast<size_t>(std::min(kScoringBatch, image_count - begin)));
        std::iota(indices.begin(), indices.end(), begin);
        begin += kScoringBatch;
        return MadeBatch{images.plain(indices)};
      },
      (image_count + kScoringBatch - 1) / kScoringBatch, device);
  // The figures stay on the device: each that is read is a wait.
  at::Tensor right = at::zeros({}, at::TensorOptions(device).dtype(at::kLong));
  at::Tensor finite = at::ones({}, at::TensorOptions(device).dtype(at::kBool));
  for (int begin = 0; begin < image_count; begin += kScoringBatch) {
    const Batch batch = batches.next().batch;
    std::optional<AutocastBf16> autocast;
    if (config.bf16) autocast.emplace(device.type());
    const at::Tensor logits = module->forward(batch.images).to(at::kFloat);
    finite.logical_and_(at::isfinite(logits).all());
    right.add_(logits.argmax(1).eq(batch.labels).sum());
  }
  if (!finite.item<bool>()) return diverged({}, "the trained network's outputs are not finite");
  Evaluation result;
  result.accuracy = static_cast<double>(right.item<int64_t>()) / image_count;
  return result;
}

}  // namespace ridgeline
