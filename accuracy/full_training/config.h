#pragma once

#include <optional>
#include <string>
#include <vector>

#include "accuracy/data_config.h"
#include "accuracy/training_config.h"
#include "core/config.h"
#include "network/published/pretrained_layout.h"

namespace ridgeline {

/// Published recipes, and the one of a search's trials.
enum class TrainingPreset { kProxy, kEfficientNetX, kResNetStrikesBackA3 };
template <>
struct EnumNames<TrainingPreset> {
  static constexpr std::array<std::pair<TrainingPreset, const char*>, 3> values{
      {{TrainingPreset::kProxy, "proxy"},
       {TrainingPreset::kEfficientNetX, "efficientnet_x"},
       {TrainingPreset::kResNetStrikesBackA3, "resnet_strikes_back_a3"}}};
};

/// How pixels are normalized before the network sees them.
enum class PixelStatistics { kData, kImageNet };
template <>
struct EnumNames<PixelStatistics> {
  static constexpr std::array<std::pair<PixelStatistics, const char*>, 2> values{
      {{PixelStatistics::kData, "data"}, {PixelStatistics::kImageNet, "imagenet"}}};
};

/// What a training starts from.
struct StartConfig {
  std::string weights;
  PretrainedLayout layout = PretrainedLayout::kAuto;
  PretrainedHead head = PretrainedHead::kAuto;
  std::optional<std::vector<std::string>> freeze = {};

  template <class V>
  void describe(V& v) {
    v.field("weights", weights,
            {.help = "file of weights to start from: of an export or a training, or a state "
                     "dictionary of torchvision or timm; empty: initial weights"});
    v.field("layout", layout,
            {.help = "whose weights these are: auto (told by their names), ridgeline, torchvision, "
                     "timm, or timm_tf (timm's tf_*); decides about padding, too"});
    v.field("head", head,
            {.help = "the last layer: auto (the file's where the classes are as many, else new), "
                     "new, or pretrained"});
    v.field(
        "freeze", freeze,
        {.help = "patterns of parameters that stay as they are, such as stem.* or stage[1-3].*; "
                 "their batch norms keep their statistics"});
  }
};

/// One full training of one network: the file of `ridgeline train --config`.
struct FullTrainingConfig {
  TrainingPreset preset = TrainingPreset::kProxy;
  uint32_t seed = 1;
  DataConfig data;
  PixelStatistics normalization = PixelStatistics::kData;
  int resolution = 0;
  int train_resolution = 0;
  int start_resolution = 0;
  int resolution_steps = 4;
  TrainingConfig training;
  int patience = 0;
  double checkpoint_every_s = 60;
  StartConfig start;

  template <class V>
  void describe(V& v) {
    v.field("preset", preset,
            {.help = "the recipe that `training` starts from: proxy (the defaults of a search), "
                     "efficientnet_x (the official code), or resnet_strikes_back_a3 (Wightman et "
                     "al., 2021, procedure A3)"});
    v.field("seed", seed, {.help = "of weights, order and augmentation", .min = 0});
    v.section("data", data, "the images, as accuracy.data of an experiment");
    v.field(
        "normalization", normalization,
        {.help = "mean and deviation of pixels: data (of the training images) or imagenet (what "
                 "networks trained on ImageNet expect)"});
    v.field("resolution", resolution,
            {.help = "side of the images that the network is scored on and exported for; 0: the "
                     "network's own",
             .unit = "pixels",
             .min = 0,
             .max = 4096});
    v.field("train_resolution", train_resolution,
            {.help = "side of the training images; 0: the same as `resolution`",
             .unit = "pixels",
             .min = 0,
             .max = 4096});
    v.field("start_resolution", start_resolution,
            {.help = "progressive resolution: the first epochs train at this side, and it grows to "
                     "that of `train_resolution` in equal steps; 0: off",
             .unit = "pixels",
             .min = 0,
             .max = 4096});
    v.field("resolution_steps", resolution_steps,
            {.help = "sides that a progressive training goes through, the last one among them",
             .min = 2,
             .max = 1000});
    v.section("training", training, "the recipe");
    v.field("patience", patience,
            {.help = "early stopping: end after so many epochs without a better validation "
                     "accuracy; 0: off",
             .unit = "epochs",
             .min = 0,
             .max = 100000});
    v.field("checkpoint_every_s", checkpoint_every_s,
            {.help = "time between two checkpoints", .unit = "s", .min = 0.1, .max = 1e6});
    v.section("start", start, "weights of an earlier training");
  }
};

/// The recipe of a preset for batches of `batch` images (0: its own); the learning rate follows the
/// batch by the rule of its source.
///   efficientnet_x: RMSProp, 0.016 x batch / 256, x 0.97 every 2.4 epochs after a warm-up of 5;
///   350 epochs, weight decay 1e-5, moving average 0.9999, label smoothing 0.1,
///   random-resized-crop, flip, RandAugment 2 x 10 (the official code's main.py).
///   resnet_strikes_back_a3: LAMB, 0.008 x sqrt(batch / 2048), cosine after a warm-up of 5; 100
///   epochs, weight decay 0.02, binary cross-entropy, random-resized-crop, flip, RandAugment 2 x 6,
///   mixup 0.1, cutmix 1 (Wightman et al., 2021, Table 2; its 160 pixels are `train_resolution`).
TrainingConfig preset_training(TrainingPreset preset, int batch);

/// The side of the training images in an epoch (from 0) of a training that ends at `last`.
int resolution_at(const FullTrainingConfig& config, int last, int64_t epoch);

/// Reads a training file: the preset's recipe, changed by the file's own keys. With `start`, the
/// settings of a run, these are changed instead; but a `preset` replaces their recipe, and `data`
/// with a `kind` their images. Throws `kConfig`.
FullTrainingConfig read_full_training(const YamlView& view,
                                      std::vector<std::string>* unused = nullptr,
                                      const FullTrainingConfig* start = nullptr);

}  // namespace ridgeline
