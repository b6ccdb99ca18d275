#include "accuracy/training/training_process.h"

#include <ATen/ATen.h>

#include <filesystem>
#include <string>

#include "accuracy/training/loss.h"
#include "core/error.h"
#include "core/logging.h"
#include "runtime/device.h"
#include "runtime/torch_compat.h"

namespace ridgeline {
namespace {

/// Images [begin, begin + count) of a batch.
Batch part_of(const Batch& batch, int64_t begin, int64_t count) {
  Batch part = batch;
  part.images = batch.images.narrow(0, begin, count);
  part.labels = batch.labels.narrow(0, begin, count);
  if (batch.partner_labels.defined())
    part.partner_labels = batch.partner_labels.narrow(0, begin, count);
  return part;
}

}  // namespace

Pause pause_due(const CheckpointPlan& plan, CheckpointClock& clock, bool left) {
  if (plan.path.empty()) return Pause::kNone;
  if (plan.stop_asked && plan.stop_asked()) return Pause::kStop;
  return left || clock.due() ? Pause::kWrite : Pause::kNone;
}

TrainingProcess::TrainingProcess(NetworkModule& module, const TrainingConfig& config, int batch,
                                 RankGroup* ranks)
    : module_(module),
      config_(config),
      ranks_(ranks),
      device_(device_from_text(config.device)),
      optimizer_(make_optimizer(config, *module)) {
  if (config.accumulate > 1 && ranks != nullptr) {
    throw Error(ErrorKind::kConfig,
                "training.accumulate: must be 1 with several processes; more processes need less "
                "memory, too");
  }
  if (config.accumulate > batch) {
    throw Error(ErrorKind::kConfig, "training.accumulate: is " + std::to_string(config.accumulate) +
                                        ", but a batch has only " + std::to_string(batch) +
                                        " images");
  }
  module->use_own_kernels(config.kernels == KernelSource::kRidgeline && !config.bf16);
  if (ranks != nullptr) parallel_.emplace(module, batch, config.batch_norm_statistics, *ranks);
  if (config.ema_decay > 0) average_.emplace(*module, config.ema_decay);
}

BatchSlice TrainingProcess::slice(int batch) const {
  return parallel_ ? parallel_->slice() : BatchSlice{0, batch, batch};
}

at::Tensor TrainingProcess::backward(const Batch& batch, double share) {
  at::Tensor loss;
  {
    std::optional<AutocastBf16> autocast;
    if (config_.bf16) autocast.emplace(device_.type());
    loss = training_loss(module_->forward(batch.images).to(at::kFloat), batch, config_);
  }
  if (share != 1) loss = loss * share;
  loss.backward();
  return loss.detach();
}

at::Tensor TrainingProcess::step(const Batch& batch, double learning_rate) {
  set_learning_rate(*optimizer_, learning_rate);
  optimizer_->zero_grad();
  const int64_t count = batch.labels.size(0), parts = std::min<int64_t>(config_.accumulate, count);
  at::Tensor loss;
  if (parts == 1) {
    loss = backward(batch, parallel_ ? parallel_->share() : 1);
  } else {
    for (int64_t i = 0; i < parts; ++i) {
      const int64_t begin = count * i / parts, size = count * (i + 1) / parts - begin;
      const at::Tensor part = backward(part_of(batch, begin, size),
                                       static_cast<double>(size) / static_cast<double>(count));
      loss = loss.defined() ? loss + part : part;
    }
  }
  if (parallel_) loss = parallel_->combine(loss);
  if (config_.gradient_clip > 0) clip_gradient(module_->parameters(), config_.gradient_clip);
  optimizer_->step();
  if (average_) average_->update();
  return loss;
}

void TrainingProcess::swap_average() {
  if (average_) average_->swap();
}

void TrainingProcess::finish() {
  if (average_) average_->apply();
}

void TrainingProcess::resume(const CheckpointPlan& plan, int last_epoch,
                             TrainingPosition& position) {
  if (plan.path.empty()) return;
  const auto found = read_training_checkpoint(plan);
  if (!all_read(found ? found->checksum : 0) || !found) return;
  try {
    torch::serialize::InputArchive archive;
    archive.load_from(found->payload.data(), found->payload.size(), device_);
    TrainingPosition written = position;
    written.load(archive);
    if (written.epoch >= last_epoch) {
      spdlog::warn("{}: the checkpoint is of a later epoch than {}; the training starts over",
                   plan.path, last_epoch);
      return;
    }
    load(archive);
    position = std::move(written);
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

void TrainingProcess::pause(const CheckpointPlan& plan, Pause pause,
                            const TrainingPosition& position) {
  if (pause == Pause::kNone) return;
  if (ranks_ == nullptr || ranks_->rank() == 0) write(plan, position);
  if (pause == Pause::kWrite) return;
  throw Error(ErrorKind::kInterrupted, "stopped in epoch " + std::to_string(position.epoch + 1) +
                                           " after step " + std::to_string(position.step) +
                                           "; the training goes on from " + plan.path);
}

/// Whether every rank has read the same checkpoint; else all start over.
bool TrainingProcess::all_read(uint64_t checksum) {
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

void TrainingProcess::write(const CheckpointPlan& plan, const TrainingPosition& position) {
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

void TrainingProcess::save(torch::serialize::OutputArchive& archive) const {
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

void TrainingProcess::load(torch::serialize::InputArchive& archive) {
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

std::vector<at::Tensor> TrainingProcess::state_tensors() const {
  std::vector<at::Tensor> tensors = module_->parameters();
  for (const auto& buffer : module_->buffers()) tensors.push_back(buffer);
  return tensors;
}

}  // namespace ridgeline
