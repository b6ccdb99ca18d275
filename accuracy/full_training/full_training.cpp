#include "accuracy/full_training/full_training.h"

#include <c10/core/DeviceGuard.h>

#include <algorithm>
#include <map>
#include <memory>

#include "accuracy/training/batch_norm.h"
#include "accuracy/training/proxy.h"
#include "accuracy/training/score.h"
#include "core/error.h"
#include "core/file.h"
#include "core/logging.h"
#include "core/units.h"
#include "runtime/device.h"
#include "runtime/parameter_names.h"
#include "runtime/pretrained/pretrained.h"
#include "runtime/weights.h"

namespace ridgeline {
namespace {

constexpr uint64_t kTrialId = 0;

std::string metrics_csv(const std::vector<Metric>& metrics) {
  std::string text = "epoch,metric,value\n";
  for (const Metric& metric : metrics) {
    text += std::to_string(metric.epoch) + "," + metric.name + "," +
            ConfigWriter::plain_number(metric.value) + "\n";
  }
  return text;
}

double last_value(const std::vector<Metric>& curve, int epoch, const std::string& name) {
  for (auto metric = curve.rbegin(); metric != curve.rend(); ++metric) {
    if (metric->epoch == epoch && metric->name == name) return metric->value;
  }
  return 0;
}

PretrainedReport start_from(const StartConfig& from, NetworkModule& module) {
  const PretrainedReport report =
      load_pretrained(module, from.weights, {.layout = from.layout, .head = from.head});
  if (!from.freeze) return report;
  try {
    module->freeze(matching_parameters(*module, *from.freeze));
  } catch (const Error& error) {
    throw Error(error.kind(), std::string("start.freeze: ") + error.what());
  }
  return report;
}

/// One full training while it runs.
class FullTraining {
 public:
  FullTraining(const FullTrainingConfig& config, const Dataset& data, const FullTrainingTask& task,
               const FullTrainingObserver& observer)
      : config_(config),
        data_(data),
        task_(task),
        observer_(observer),
        device_(device_from_text(config.training.device)),
        module_(task.network(task.resolution), derive_seed(config.seed, kTrialId, "weights")) {
    start();
    place(*module_, device_);
  }

  FullTrainingResult run() {
    const int last = config_.train_resolution > 0 ? config_.train_resolution : task_.resolution;
    TrainingPlan plan{.epochs = config_.training.epochs,
                      .seed = {config_.seed, kTrialId},
                      .ranks = task_.ranks,
                      .averaged_after_epoch = true};
    plan.checkpoint = {.path = (task_.folder / kLastCheckpointFile).string(),
                       .identity = task_.identity,
                       .every_s = config_.checkpoint_every_s,
                       .stop_asked = task_.stop_asked};
    plan.after_step = observer_.after_step;
    plan.images_of_epoch = [&](int64_t epoch) {
      return images_at(resolution_at(config_, last, epoch));
    };
    plan.after_epoch = [&](int epoch, const std::vector<Metric>& curve) {
      return end_epoch(epoch, curve);
    };
    const Evaluation trained =
        train(module_, *images_at(resolution_at(config_, last, 0)), config_.training, plan);
    result_.status = trained.status;
    result_.message = trained.message;
    result_.metrics = trained.metrics;
    set_best(trained.metrics);
    if (leads()) finish();
    return result_;
  }

 private:
  void start() {
    const StartConfig& from = config_.start;
    if (from.weights.empty()) return;
    const PretrainedReport report = start_from(from, module_);
    if (leads())
      spdlog::info("starting from {}: {} tensors of {}; new: {}", from.weights, report.taken.size(),
                   report.source, report.fresh.empty() ? "none" : join(report.fresh));
  }

  bool leads() const { return task_.ranks == nullptr || task_.ranks->rank() == 0; }

  BatchMaker maker(const ImageSet& images, int resolution) const {
    return {images, task_.normalization,
            static_cast<int>(module_->network().input_shape().channels), resolution};
  }

  /// The training images at a side, for which the module is made ready.
  const BatchMaker* images_at(int resolution) {
    module_->reshape(task_.network(resolution));
    auto& made = images_[resolution];
    if (!made) made = std::make_unique<BatchMaker>(maker(data_.train, resolution));
    trained_at_ = resolution;
    return made.get();
  }

  void set_best(const std::vector<Metric>& curve) {
    for (const Metric& metric : curve) {
      result_.epochs = std::max(result_.epochs, metric.epoch);
      if (metric.name != "validation_accuracy") continue;
      if (result_.best_epoch > 0 && metric.value <= result_.best_accuracy) continue;
      if (metric.epoch <= result_.best_epoch) continue;  // seen before
      result_.best_accuracy = metric.value;
      result_.best_epoch = metric.epoch;
    }
  }

  /// The accuracy of the present weights, with the statistics of batch norm that they have.
  Evaluation score_now(const ImageSet& images) {
    module_->reshape(task_.network(task_.resolution));
    retake_batch_norm_statistics(module_, maker(data_.train, task_.resolution), config_.training,
                                 {config_.seed, kTrialId});
    const Evaluation scored =
        score(module_, maker(images, task_.resolution), config_.training, task_.ranks);
    module_->reshape(task_.network(trained_at_));
    return scored;
  }

  EpochEnd end_epoch(int epoch, std::vector<Metric> curve) {
    EpochEnd end{.metrics = {{epoch, "resolution", static_cast<double>(trained_at_)}}};
    std::optional<double> accuracy;
    if (epoch == config_.training.epochs || scored_after(epoch, config_.training)) {
      const Evaluation scored = score_now(data_.validation);
      accuracy = scored.status == TrialStatus::kComplete ? scored.accuracy : 0;
      end.metrics.push_back({epoch, "validation_accuracy", *accuracy});
    }
    set_best(curve);  // of a resumed training: the epochs before
    curve.insert(curve.end(), end.metrics.begin(), end.metrics.end());
    set_best(curve);
    if (leads()) {
      if (result_.best_epoch == epoch) save_weights(*module_, task_.folder / kBestWeightsFile);
      write_file_atomic(task_.folder / kMetricsFile, metrics_csv(curve));
      if (observer_.after_epoch) {
        observer_.after_epoch({epoch, trained_at_, last_value(curve, epoch, "train_loss"),
                               last_value(curve, epoch, "images_per_s"), accuracy,
                               result_.best_accuracy});
      }
    }
    end.stop = config_.patience > 0 && epoch - result_.best_epoch >= config_.patience;
    return end;
  }

  /// The last weights, and the test accuracy of the best ones.
  void finish() {
    if (result_.status != TrialStatus::kComplete) return;
    module_->reshape(task_.network(task_.resolution));
    retake_batch_norm_statistics(module_, maker(data_.train, task_.resolution), config_.training,
                                 {config_.seed, kTrialId});
    save_weights(*module_, task_.folder / kLastWeightsFile);
    if (data_.test.size() == 0) return;
    load_weights(*module_, task_.folder / kBestWeightsFile);
    result_.test_accuracy =
        score(module_, maker(data_.test, task_.resolution), config_.training).accuracy;
  }

  const FullTrainingConfig& config_;
  const Dataset& data_;
  const FullTrainingTask& task_;
  const FullTrainingObserver& observer_;
  c10::Device device_;
  NetworkModule module_;
  std::map<int, std::unique_ptr<BatchMaker>> images_;
  int trained_at_ = 0;
  FullTrainingResult result_;
};

void check_resolution(int resolution, const char* key, const FullTrainingTask& task) {
  if (resolution == 0) return;
  try {
    task.network(resolution);
  } catch (const Error& error) {
    throw Error(error.kind(), std::string(key) + ": " + error.what());
  }
}

}  // namespace

Normalization imagenet_normalization() { return {{0.485, 0.456, 0.406}, {0.229, 0.224, 0.225}}; }

void check_full_training(const FullTrainingConfig& config, const FullTrainingTask& task) {
  check_resolution(task.resolution, "resolution", task);
  check_resolution(config.train_resolution, "train_resolution", task);
  check_resolution(config.start_resolution, "start_resolution", task);
  require_training_device(config.training);
  if (config.start.weights.empty()) return;
  NetworkModule module(task.network(task.resolution), /*seed=*/1);
  start_from(config.start, module);
}

FullTrainingResult train_fully(const FullTrainingConfig& config, const Dataset& data,
                               const FullTrainingTask& task, const FullTrainingObserver& observer) {
  set_threads(config.training.threads);
  const c10::Device device = device_from_text(config.training.device);
  const c10::DeviceGuard guard(device);
  if (device.is_cuda()) choose_kernels(config.training.deterministic, config.training.tf32);
  return FullTraining(config, data, task, observer).run();
}

}  // namespace ridgeline
