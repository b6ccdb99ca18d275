#include "accuracy/training/proxy.h"

#include <c10/core/DeviceGuard.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>
#include <string>

#include "accuracy/training/batch_norm.h"
#include "accuracy/training/reduction.h"
#include "accuracy/training/score.h"
#include "accuracy/training/trainer.h"
#include "core/error.h"
#include "core/units.h"
#include "runtime/device.h"
#include "runtime/device_memory.h"
#include "runtime/network_module.h"
#include "runtime/weights.h"

namespace ridgeline {
namespace {

int all_epochs(const TrialSpec& spec, const TrainingConfig& training) {
  return spec.epochs > 0 ? spec.epochs : training.epochs;
}

int last_epoch(const TrialSpec& spec, const TrainingConfig& training) {
  const int epochs = all_epochs(spec, training);
  return spec.stop_after_epoch > 0 ? std::min(spec.stop_after_epoch, epochs) : epochs;
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

void add_peak_memory(const c10::Device& device, int epoch, std::vector<Metric>& metrics) {
  const auto peak = peak_memory(device);
  if (!peak) return;
  constexpr double kMib = 1 << 20;
  metrics.push_back(
      {epoch, "gpu_allocated_mib", static_cast<double>(peak->allocated_bytes) / kMib});
  metrics.push_back({epoch, "gpu_reserved_mib", static_cast<double>(peak->reserved_bytes) / kMib});
}

}  // namespace

void require_training_device(const TrainingConfig& config) {
  const c10::Device device = device_from_text(config.device);
  if (!device.is_cuda()) return;
  const auto require = [&](bool asked, Precision precision, const char* key) {
    if (!asked) return;
    try {
      require_precision(precision, compute_capability(device.index()), cuda_name(device.index()));
    } catch (const Error& error) {
      throw Error(error.kind(), std::string(key) + ": must be false here: " + error.what());
    }
  };
  require(config.bf16, Precision::kBf16, "accuracy.training.bf16");
  require(config.tf32, Precision::kTf32, "accuracy.training.tf32");
}

std::string contradiction(const Evaluation& result, int classes, double smoothing) {
  // The cross-entropy of a perfect answer to smoothed labels. What is above it is the mean of
  // -log(share that the network gave to the right class), but for the smoothing.
  const double other = smoothing / classes, right = 1 - smoothing + other;
  const double least =
      -right * std::log(right) - (other > 0 ? (classes - 1) * other * std::log(other) : 0.0);
  const double learned = std::exp(std::min(0.0, least - result.loss));
  if (learned < 2.0 / classes || result.accuracy > learned / 2) return {};
  const auto percent = [](double share) { return format_fixed(100 * share, 0) + " %"; };
  return "the accuracy contradicts the training loss: a loss of " + format_fixed(result.loss, 3) +
         " means about " + percent(learned) + " of the training images right, but only " +
         percent(result.accuracy) +
         " of the held-out ones are; check that both have the same kind of images and labels, and "
         "whether the network has learned its few images by heart";
}

ProxyEvaluator::ProxyEvaluator(const AccuracyConfig& config, RankGroup* ranks)
    : training_(config.training), reduction_(config.proxy), ranks_(ranks) {
  check_device_name(training_.device);
  data_ = load_dataset(config.data);
  normalization_ = normalization_of(data_.train);
  if (reduction_.images < 1)
    fewer_ = reduced(data_.train, data_.classes, reduction_.images, config.data.seed);
}

void ProxyEvaluator::require(const SearchSpace& space) const {
  require_reducible(space, reduction_, resolution());
}

double ProxyEvaluator::batch_norm_momentum() const {
  const int images = reduction_.images < 1 ? fewer_.size() : data_.train.size();
  const int64_t steps = images / std::min(training_.batch, images);
  return ridgeline::batch_norm_momentum(steps * training_.epochs);
}

Evaluation ProxyEvaluator::evaluate(const TrialSpec& spec) {
  const int classes = spec.architecture.classes;
  if (classes != data_.classes) {
    throw Error(ErrorKind::kConfig, "classes: the architecture '" + spec.architecture.name +
                                        "' has " + std::to_string(classes) +
                                        ", but the images have " + std::to_string(data_.classes) +
                                        ": the two must be equal");
  }
  if (training_.processes != (ranks_ != nullptr ? ranks_->size() : 1)) {
    throw Error(ErrorKind::kConfig,
                "accuracy.training.processes: " + std::to_string(training_.processes) +
                    " need processes of their own: runtime.executor must not be in_process");
  }
  set_threads(training_.threads);
  require_training_device(training_);
  const c10::Device device = device_from_text(training_.device);
  const c10::DeviceGuard guard(device);  // what names no GPU must not wake GPU 0
  if (device.is_cuda()) choose_kernels(training_.deterministic, training_.tf32);
  const auto start = std::chrono::steady_clock::now();
  Evaluation result;
  try {
    reset_peak_memory(device);
    result = train_and_score(spec);
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    if (!is_out_of_memory(error, device)) throw;
    result.status = TrialStatus::kOutOfMemory;
    result.message = first_line(error.what());
  }
  add_peak_memory(device, last_epoch(spec, training_), result.metrics);
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  result.seconds = elapsed.count();
  return result;
}

Evaluation ProxyEvaluator::train_and_score(const TrialSpec& spec) const {
  // Only a trial is reduced, never the final training.
  const Architecture architecture =
      spec.test_split ? spec.architecture : reduced(spec.architecture, reduction_);
  const bool fewer = reduction_.images < 1 && !spec.test_split;
  const bool final_training = spec.test_split && data_.test.size() > 0;
  const ImageSet all = final_training ? concatenate(data_.train, data_.validation) : ImageSet{};
  const ImageSet& learned = final_training ? all : fewer ? fewer_ : data_.train;
  const ImageSet& held_out = final_training ? data_.test : data_.validation;
  const auto maker = [&](const ImageSet& images) {
    return BatchMaker(images, normalization_, architecture.input_channels, architecture.resolution);
  };
  NetworkModule module(lower(architecture), derive_seed(spec.seed, spec.trial_id, "weights"));
  place(*module, device_from_text(training_.device));
  const int last = last_epoch(spec, training_);
  const bool scores = ranks_ == nullptr || ranks_->rank() == 0;
  const auto score_now = [&] {
    retake_batch_norm_statistics(module, maker(learned), training_, {spec.seed, spec.trial_id});
    return score(module, maker(held_out), training_);
  };
  const auto after_epoch = [&](int epoch, const std::vector<Metric>&) -> EpochEnd {
    if (epoch == last || !scored_after(epoch, training_)) return {};
    const Evaluation now = score_now();
    if (now.status != TrialStatus::kComplete) return {};
    return {.metrics = {{epoch, "validation_accuracy", now.accuracy}}};
  };
  // Of several ranks none is scored while it trains: its batch norm works on a share of each batch.
  const Evaluation trained = train(
      module, maker(learned), training_,
      {.epochs = all_epochs(spec, training_),
       .stop_after_epoch = spec.stop_after_epoch,
       .seed = {spec.seed, spec.trial_id},
       .ranks = ranks_,
       .checkpoint = spec.checkpoint,
       .after_epoch = ranks_ == nullptr && !final_training
                          ? std::function<EpochEnd(int, const std::vector<Metric>&)>(after_epoch)
                          : nullptr});
  if (!has_accuracy(trained.status) || !scores) return trained;
  Evaluation result = score_now();
  result.loss = trained.loss;
  result.metrics = trained.metrics;
  const bool stopped = trained.status == TrialStatus::kStopped;
  if (result.status == TrialStatus::kComplete) {
    if (training_.loss == LossKind::kCrossEntropy && !stopped)
      result.message = contradiction(result, data_.classes, training_.label_smoothing);
    result.metrics.push_back(
        {last, final_training ? "test_accuracy" : "validation_accuracy", result.accuracy});
  }
  if (result.status != TrialStatus::kComplete) return result;
  if (stopped) result.status = TrialStatus::kStopped;
  if (!stopped && !spec.weights_path.empty()) save_weights(*module, spec.weights_path);
  return result;
}

}  // namespace ridgeline
