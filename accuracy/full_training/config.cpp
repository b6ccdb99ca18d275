#include "accuracy/full_training/config.h"

#include <algorithm>
#include <cmath>

namespace ridgeline {
namespace {

/// EfficientNet's official training (main.py, utils.py, preprocessing.py).
TrainingConfig efficientnet_x(int batch) {
  TrainingConfig c;
  c.epochs = 350;
  c.batch = batch > 0 ? batch : 256;
  c.optimizer = OptimizerKind::kRmsProp;
  c.learning_rate = 0.016 * c.batch / 256;
  c.momentum = 0.9;
  c.rmsprop_decay = 0.9;
  c.schedule = ScheduleKind::kExponential;
  c.warmup_epochs = 5;
  c.decay_rate = 0.97;
  c.decay_epochs = 2.4;
  c.weight_decay = 1e-5;
  c.ema_decay = 0.9999;
  c.label_smoothing = 0.1;
  c.gradient_clip = 0;
  c.flip = true;
  c.crop_padding = 0;
  c.crop_min_area = 0.08;
  c.randaugment = 2;
  c.randaugment_magnitude = 10;
  return c;
}

TrainingConfig resnet_strikes_back_a3(int batch) {
  TrainingConfig c;
  c.epochs = 100;
  c.batch = batch > 0 ? batch : 2048;
  c.loss = LossKind::kBinaryCrossEntropy;
  c.optimizer = OptimizerKind::kLamb;
  c.learning_rate = 0.008 * std::sqrt(c.batch / 2048.0);
  c.schedule = ScheduleKind::kCosine;
  c.warmup_epochs = 5;
  c.weight_decay = 0.02;
  c.label_smoothing = 0;
  c.gradient_clip = 0;
  c.flip = true;
  c.crop_padding = 0;
  c.crop_min_area = 0.08;
  c.randaugment = 2;
  c.randaugment_magnitude = 6;
  c.mixup_alpha = 0.1;
  c.cutmix_alpha = 1;
  return c;
}

}  // namespace

TrainingConfig preset_training(TrainingPreset preset, int batch) {
  switch (preset) {
    case TrainingPreset::kProxy:
      break;
    case TrainingPreset::kEfficientNetX:
      return efficientnet_x(batch);
    case TrainingPreset::kResNetStrikesBackA3:
      return resnet_strikes_back_a3(batch);
  }
  TrainingConfig config;
  if (batch > 0) config.batch = batch;
  return config;
}

int resolution_at(const FullTrainingConfig& config, int last, int64_t epoch) {
  if (config.start_resolution == 0) return last;
  const int64_t steps = std::min(config.resolution_steps, config.training.epochs);
  if (steps < 2) return last;
  const int64_t step = std::min(epoch * steps / config.training.epochs, steps - 1);
  return config.start_resolution +
         static_cast<int>(std::lround(static_cast<double>(last - config.start_resolution) *
                                      static_cast<double>(step) / static_cast<double>(steps - 1)));
}

FullTrainingConfig read_full_training(const YamlView& view, std::vector<std::string>* unused,
                                      const FullTrainingConfig* start) {
  if (!view.is_map()) view.fail("must be a map of settings");
  FullTrainingConfig config = start != nullptr ? *start : FullTrainingConfig();
  const auto preset = view.find("preset");
  if (preset) ConfigReader::read(*preset, config.preset, {});
  if (preset || start == nullptr) {
    int batch = 0;
    const auto training = view.find("training");
    const auto given = training && training->is_map() ? training->find("batch") : std::nullopt;
    if (given) ConfigReader::read(*given, batch, {.min = 2, .max = 65536});
    config.training = preset_training(config.preset, batch);
  }
  if (const auto data = view.find("data"); data && data->is_map() && data->find("kind"))
    config.data = {};
  ConfigReader reader(view, unused);
  config.describe(reader);
  reader.finish();
  if (config.training.accumulate > 1 && config.training.processes > 1) {
    view.at("training")
        .fail("accumulate must be 1 with several processes; more processes need less memory, too");
  }
  if (config.start.freeze && config.start.weights.empty()) {
    view.at("start").fail(
        "freeze needs weights to start from: frozen layers with random weights learn nothing");
  }
  return config;
}

}  // namespace ridgeline
