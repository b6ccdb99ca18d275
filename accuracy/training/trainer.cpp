#include "accuracy/training/trainer.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <vector>

#include "accuracy/data/batch_loader.h"
#include "accuracy/training/loss_sum.h"
#include "accuracy/training/schedule.h"
#include "accuracy/training/training_process.h"

namespace ridgeline {
namespace {

/// Steps between two looks at the losses of a GPU: one wait, and so many wasted steps at most.
constexpr int kLookEvery = 64;

std::string bad_loss(const LossSum::NotFinite& bad, int64_t epoch, int64_t steps) {
  return "the training loss became " + std::string(std::isnan(bad.loss) ? "NaN" : "infinite") +
         " in epoch " + std::to_string(epoch + 1) + ", step " + std::to_string(bad.step + 1) +
         " of " + std::to_string(steps);
}

/// One training: its recipe, its plan, and where it stands.
class Trainer {
 public:
  Trainer(NetworkModule& module, const BatchMaker& images, const TrainingConfig& config,
          const TrainingPlan& plan)
      : module_(module),
        images_(&images),
        config_(config),
        plan_(plan),
        batch_size_(std::min(config.batch, images.size())),
        steps_(images.size() / batch_size_),
        augmentation_(augmentation_of(config)),
        process_(module, config, batch_size_, plan.ranks),
        at_{.order = RandomStream(plan.seed.seed, plan.seed.trial_id, "order"),
            .augmentation = RandomStream(plan.seed.seed, plan.seed.trial_id, "augmentation")},
        clock_(plan.checkpoint.every_s),
        losses_(process_.device().is_cuda() ? kLookEvery : 1) {}

  Evaluation run() {
    module_->reseed(derive_seed(plan_.seed.seed, plan_.seed.trial_id, "dropout"));
    process_.resume(plan_.checkpoint, last_epoch(), at_);
    Evaluation result;
    for (bool stop = false; at_.epoch < last_epoch() && !stop;
         ++at_.epoch, at_.step = 0, at_.loss_sum = 0) {
      if (const auto bad = run_epoch()) {
        result.status = TrialStatus::kDiverged;
        result.message = bad_loss(*bad, at_.epoch, steps_);
        break;
      }
      result.loss = at_.loss_sum / static_cast<double>(steps_);
      stop = end_epoch();
    }
    if (result.status == TrialStatus::kComplete) process_.finish();
    if (result.status == TrialStatus::kComplete && last_epoch() < plan_.epochs)
      result.status = TrialStatus::kStopped;
    result.metrics = std::move(at_.metrics);
    return result;
  }

 private:
  int last_epoch() const {
    return plan_.stop_after_epoch > 0 ? std::min(plan_.stop_after_epoch, plan_.epochs)
                                      : plan_.epochs;
  }

  /// Whether the training is to be left here, to go on later.
  bool is_left() const {
    return last_epoch() < plan_.epochs && at_.epoch + 1 == last_epoch() && at_.step == steps_;
  }

  /// Returns the first loss that is not finite.
  std::optional<LossSum::NotFinite> run_epoch() {
    if (plan_.images_of_epoch) images_ = plan_.images_of_epoch(at_.epoch);
    module_->train();
    const auto start = std::chrono::steady_clock::now();
    const int64_t first_step = at_.step;
    RandomStream order_stream = at_.order;
    const std::vector<int> order = permutation(images_->size(), order_stream);
    BatchLoader batches(
        [&, step = at_.step, stream = at_.augmentation]() mutable {
          const auto begin = order.begin() + step++ * batch_size_;
          Batch batch = images_->augmented({begin, begin + batch_size_}, augmentation_, stream,
                                           process_.slice(batch_size_));
          return MadeBatch{std::move(batch), stream};
        },
        steps_ - at_.step, process_.device());
    while (at_.step < steps_) {
      if (const auto bad = run_step(batches)) return bad;
    }
    at_.order = order_stream;
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    const auto done = static_cast<double>((steps_ - first_step) * batch_size_);
    const int epoch = static_cast<int>(at_.epoch) + 1;
    at_.metrics.push_back({epoch, "train_loss", at_.loss_sum / static_cast<double>(steps_)});
    if (done > 0 && elapsed.count() > 0)
      at_.metrics.push_back({epoch, "images_per_s", done / elapsed.count()});
    return std::nullopt;
  }

  std::optional<LossSum::NotFinite> run_step(BatchLoader& batches) {
    if (plan_.checkpoint.between_steps) plan_.checkpoint.between_steps();
    const MadeBatch made = batches.next();
    const double rate =
        learning_rate_at(config_, plan_.epochs, steps_, at_.epoch * steps_ + at_.step);
    losses_.add(at_.step, process_.step(made.batch, rate));
    at_.augmentation = *made.stream;
    ++at_.step;
    const Pause pause = pause_due(plan_.checkpoint, clock_, is_left());
    if (losses_.due() || pause != Pause::kNone || at_.step == steps_) {
      if (const auto bad = losses_.look(at_.loss_sum)) return bad;
      looked_ = at_.step;
    }
    if (plan_.after_step) {
      plan_.after_step({static_cast<int>(at_.epoch) + 1, at_.step, steps_,
                        at_.loss_sum / static_cast<double>(std::max<int64_t>(looked_, 1))});
    }
    process_.pause(plan_.checkpoint, pause, at_);
    return std::nullopt;
  }

  /// Whether the training is to stop here.
  bool end_epoch() {
    if (!plan_.after_epoch) return false;
    if (plan_.averaged_after_epoch) process_.swap_average();
    const EpochEnd end = plan_.after_epoch(static_cast<int>(at_.epoch) + 1, at_.metrics);
    if (plan_.averaged_after_epoch) process_.swap_average();
    at_.metrics.insert(at_.metrics.end(), end.metrics.begin(), end.metrics.end());
    return end.stop;
  }

  NetworkModule& module_;
  const BatchMaker* images_;
  const TrainingConfig& config_;
  const TrainingPlan& plan_;
  int batch_size_;
  int64_t steps_;  // per epoch
  Augmentation augmentation_;
  TrainingProcess process_;
  TrainingPosition at_;
  CheckpointClock clock_;
  LossSum losses_;
  int64_t looked_ = 0;  // steps of the epoch whose losses are in the sum
};

}  // namespace

bool scored_after(int epoch, const TrainingConfig& config) {
  return config.validate_every > 0 && epoch % config.validate_every == 0;
}

Evaluation train(NetworkModule& module, const BatchMaker& images, const TrainingConfig& config,
                 const TrainingPlan& plan) {
  return Trainer(module, images, config, plan).run();
}

}  // namespace ridgeline
