#include "accuracy/supernet/supernet_training.h"

#include <ATen/ATen.h>
#include <c10/core/DeviceGuard.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <sstream>

#include "accuracy/training/loss.h"
#include "accuracy/training/loss_sum.h"
#include "accuracy/training/moving_average.h"
#include "accuracy/training/optimizer.h"
#include "accuracy/training/proxy.h"
#include "accuracy/training/schedule.h"
#include "accuracy/training/training_process.h"
#include "core/error.h"
#include "core/logging.h"
#include "core/units.h"
#include "runtime/device.h"
#include "runtime/torch_compat.h"

namespace ridgeline {
namespace {

/// Steps between two looks at the losses of a GPU.
constexpr int kLookAtLosses = 64;

class SupernetTrainer {
 public:
  SupernetTrainer(SharedWeights& weights, const SupernetSpace& space, const Dataset& data,
                  const SupernetPlan& plan)
      : weights_(weights),
        space_(space),
        data_(data),
        plan_(plan),
        device_(device_from_text(plan.training.device)),
        normalization_(normalization_of(data.train)),
        batch_(std::min(plan.training.batch, data.train.size())),
        steps_(data.train.size() / batch_),
        augmentation_(augmentation_of(plan.training)),
        clock_(plan.checkpoint.every_s),
        losses_(device_.is_cuda() ? kLookAtLosses : 1) {
    if (plan.supernet.sampling == PathSampling::kAlternate && plan.policy == nullptr)
      throw Error(ErrorKind::kInternal, "supernet: sampling alternate without a policy");
    place(weights, device_);
    optimizer_ = make_optimizer(plan.training, weights);
    if (plan.training.ema_decay > 0) average_.emplace(weights, plan.training.ema_decay);
  }

  double run() {
    resume();
    double loss = 0;
    for (; epoch_ < plan_.supernet.epochs; ++epoch_, step_ = 0, loss_sum_ = 0) {
      RandomStream stream(plan_.seed, static_cast<uint64_t>(epoch_), "supernet order");
      const std::vector<int> order = permutation(data_.train.size(), stream);
      while (step_ < steps_) {
        const auto begin = order.begin() + step_ * batch_;
        run_step({begin, begin + batch_});
      }
      loss = loss_sum_ / static_cast<double>(steps_);
    }
    if (average_) average_->apply();
    return loss;
  }

 private:
  int64_t global_step() const { return epoch_ * steps_ + step_; }
  RandomStream stream_of_step(const char* purpose) const {
    return {plan_.seed, static_cast<uint64_t>(global_step()), purpose};
  }
  bool policy_draws() const {
    const auto all = static_cast<double>(plan_.supernet.epochs * steps_);
    return plan_.supernet.sampling == PathSampling::kAlternate &&
           static_cast<double>(global_step()) >= plan_.supernet.warmup_share * all;
  }

  std::vector<Genotype> draw_paths() {
    RandomStream stream = stream_of_step("supernet paths");
    if (!policy_draws()) return fair_genotypes(space_.decisions, plan_.supernet.paths, stream);
    std::vector<Genotype> paths;
    for (int i = 0; i < plan_.supernet.paths; ++i) paths.push_back(plan_.policy->propose(stream));
    return paths;
  }

  Batch on_device(Batch batch) const {
    batch.images = place(batch.images, device_);
    batch.labels = batch.labels.to(device_);
    if (batch.partner_labels.defined()) batch.partner_labels = batch.partner_labels.to(device_);
    return batch;
  }
  /// The images at `indices` as `architecture` reads them: the same augmentation for all paths.
  Batch training_batch(const std::vector<int>& indices, const Architecture& architecture) const {
    RandomStream stream = stream_of_step("supernet augmentation");
    const BatchMaker maker(data_.train, normalization_, architecture.input_channels,
                           architecture.resolution);
    return on_device(maker.augmented(indices, augmentation_, stream));
  }

  void run_step(const std::vector<int>& indices) {
    set_learning_rate(*optimizer_, learning_rate_at(plan_.training, plan_.supernet.epochs, steps_,
                                                    global_step()));
    // Not to zero: the optimizer leaves a weight alone that has no gradient.
    for (auto& parameter : weights_.parameters()) parameter.mutable_grad().reset();
    const std::vector<Genotype> paths = draw_paths();
    at::Tensor loss;
    std::optional<Batch> batch;
    int resolution = 0;
    for (size_t i = 0; i < paths.size(); ++i) {
      const Architecture architecture = space_.architecture(paths[i]);
      if (architecture.resolution != resolution) batch = training_batch(indices, architecture);
      resolution = architecture.resolution;
      const at::Tensor part =
          backward(architecture, *batch, static_cast<uint64_t>(global_step()) * paths.size() + i,
                   static_cast<double>(paths.size()));
      loss = loss.defined() ? loss + part : part;
    }
    if (plan_.training.gradient_clip > 0)
      clip_gradient(weights_.parameters(), plan_.training.gradient_clip);
    optimizer_->step();
    if (average_) average_->update();
    if (policy_draws()) teach_policy();
    losses_.add(step_, loss);
    ++step_;
    end_step();
  }

  at::Tensor backward(const Architecture& architecture, const Batch& batch, uint64_t path,
                      double paths) {
    NetworkModule module =
        weights_.network(architecture, derive_seed(plan_.seed, path, "supernet dropout"));
    module->train();
    at::Tensor loss;
    {
      std::optional<AutocastBf16> autocast;
      if (plan_.training.bf16) autocast.emplace(device_.type());
      loss = training_loss(module->forward(batch.images).to(at::kFloat), batch, plan_.training) /
             paths;
    }
    loss.backward();
    return loss.detach();
  }

  void teach_policy() {
    RandomStream stream = stream_of_step("supernet policy");
    const Genotype genotype = plan_.policy->propose(stream);
    const bool wanted = plan_.policy->wants_accuracy(genotype);
    plan_.policy->learn(genotype, wanted ? validation_accuracy(genotype, stream) : 0);
  }

  /// On one batch, whose statistics batch norm uses.
  double validation_accuracy(const Genotype& genotype, RandomStream& stream) const {
    const at::NoGradGuard no_gradients;
    const ImageSet& images = data_.validation;
    std::vector<int> indices(static_cast<size_t>(std::min(plan_.training.batch, images.size())));
    for (int& index : indices) index = stream.below(images.size());
    const Architecture architecture = space_.architecture(genotype);
    const BatchMaker maker(images, normalization_, architecture.input_channels,
                           architecture.resolution);
    const Batch batch = on_device(maker.plain(indices));
    NetworkModule module = weights_.network(architecture, 0);
    module->eval();
    module->collect_statistics(1);
    std::optional<AutocastBf16> autocast;
    if (plan_.training.bf16) autocast.emplace(device_.type());
    const at::Tensor logits = module->forward(batch.images);
    return logits.argmax(1).eq(batch.labels).to(at::kDouble).mean().item<double>();
  }

  void end_step() {
    const Pause pause = pause_due(plan_.checkpoint, clock_);
    if (losses_.due() || pause != Pause::kNone || step_ == steps_) {
      if (const auto bad = losses_.look(loss_sum_)) {
        throw Error(
            ErrorKind::kInfeasible,
            "the training of the shared weights diverged: the loss is not finite in epoch " +
                std::to_string(epoch_ + 1) + ", step " + std::to_string(bad->step + 1) + " of " +
                std::to_string(steps_) + "; a lower accuracy.training.learning_rate may help");
      }
      looked_ = step_;
    }
    if (plan_.after_step) {
      plan_.after_step({static_cast<int>(epoch_) + 1, step_, steps_,
                        loss_sum_ / static_cast<double>(std::max<int64_t>(looked_, 1))});
    }
    if (pause == Pause::kNone) return;
    write_checkpoint();
    if (pause == Pause::kWrite) return;
    throw Error(ErrorKind::kInterrupted, "stopped in the training of the shared weights, epoch " +
                                             std::to_string(epoch_ + 1) + " after step " +
                                             std::to_string(step_));
  }

  void write_checkpoint() const {
    try {
      torch::serialize::OutputArchive archive, optimizer, average;
      archive.write("position", at::tensor(std::vector<int64_t>{epoch_, step_}, at::kLong));
      archive.write("loss_sum", at::scalar_tensor(loss_sum_, at::kDouble));
      archive.write("policy", c10::IValue(plan_.policy ? plan_.policy->save() : std::string()));
      const auto tensors = weights_.parameters();
      for (size_t i = 0; i < tensors.size(); ++i)
        archive.write("tensor" + std::to_string(i), tensors[i]);
      optimizer_->save(optimizer);
      if (average_) average_->save(average);
      archive.write("optimizer", optimizer);
      archive.write("average", average);
      write_training_checkpoint(plan_.checkpoint, archive);
    } catch (const Error& error) {
      // A full disk costs the checkpoint, not the training.
      spdlog::warn("no checkpoint: {}", error.what());
    }
  }

  void resume() {
    const auto found = read_training_checkpoint(plan_.checkpoint);
    if (!found) return;
    try {
      load(*found);
    } catch (const c10::Error& error) {
      std::error_code ignored;
      std::filesystem::remove(plan_.checkpoint.path, ignored);
      throw Error(ErrorKind::kRun, plan_.checkpoint.path +
                                       ": the checkpoint does not fit these shared weights (" +
                                       error.what_without_backtrace() + "); it is removed");
    }
    spdlog::info("the training of the shared weights continues in epoch {} after step {}",
                 epoch_ + 1, step_);
  }

  void load(const TrainingArchive& found) {
    const at::NoGradGuard no_gradients;
    torch::serialize::InputArchive archive, optimizer, average;
    archive.load_from(found.payload.data(), found.payload.size(), device_);
    auto tensors = weights_.parameters();
    for (size_t i = 0; i < tensors.size(); ++i)
      tensors[i].copy_(read_tensor(archive, "tensor" + std::to_string(i)));
    archive.read("optimizer", optimizer);
    archive.read("average", average);
    optimizer_->load(optimizer);
    if (average_) average_->load(average);
    c10::IValue policy;
    archive.read("policy", policy);
    if (plan_.policy != nullptr) plan_.policy->restore(policy.toStringRef());
    const at::Tensor position = read_tensor(archive, "position").cpu();
    epoch_ = position[0].item<int64_t>();
    step_ = looked_ = position[1].item<int64_t>();
    loss_sum_ = read_tensor(archive, "loss_sum").item<double>();
  }

  SharedWeights& weights_;
  const SupernetSpace& space_;
  const Dataset& data_;
  const SupernetPlan& plan_;
  torch::Device device_;
  Normalization normalization_;
  int batch_;
  int64_t steps_;  // per epoch
  Augmentation augmentation_;
  CheckpointClock clock_;
  LossSum losses_;
  std::unique_ptr<torch::optim::Optimizer> optimizer_;
  std::optional<MovingAverage> average_;
  // Where it stands. Streams derive from the step, so this, weights and policy are all there is.
  int64_t epoch_ = 0, step_ = 0;
  double loss_sum_ = 0;
  int64_t looked_ = 0;  // steps of the epoch whose losses are in the sum
};

}  // namespace

std::vector<Genotype> fair_genotypes(const std::vector<Decision>& decisions, int count,
                                     RandomStream& stream) {
  std::vector<std::vector<int>> decks(decisions.size());
  std::vector<Genotype> genotypes;
  for (int i = 0; i < count; ++i) {
    Genotype genotype(decisions.size(), kInactive);
    for (size_t d = 0; d < decisions.size(); ++d) {
      if (!is_active(decisions[d], genotype)) continue;
      if (decks[d].empty()) decks[d] = permutation(decisions[d].choices(), stream);
      genotype[d] = decks[d].back();
      decks[d].pop_back();
    }
    genotypes.push_back(std::move(genotype));
  }
  return genotypes;
}

double train_supernet(SharedWeights& weights, const SupernetSpace& space, const Dataset& data,
                      const SupernetPlan& plan) {
  set_threads(plan.training.threads);
  require_training_device(plan.training);
  const c10::Device device = device_from_text(plan.training.device);
  const c10::DeviceGuard guard(device);  // what names no GPU must not wake GPU 0
  if (device.is_cuda()) choose_kernels(plan.training.deterministic, plan.training.tf32);
  return SupernetTrainer(weights, space, data, plan).run();
}

}  // namespace ridgeline
