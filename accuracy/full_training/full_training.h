#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "accuracy/data/dataset.h"
#include "accuracy/evaluator.h"
#include "accuracy/full_training/config.h"
#include "accuracy/normalization.h"
#include "accuracy/training/trainer.h"
#include "runtime/network_module.h"
#include "runtime/rank_group.h"

namespace ridgeline {

/// Files of a training in its folder.
inline constexpr const char* kBestWeightsFile = "best.safetensors";
inline constexpr const char* kLastWeightsFile = "last.safetensors";
inline constexpr const char* kLastCheckpointFile = "last.checkpoint";
inline constexpr const char* kMetricsFile = "metrics.csv";

/// The network of a full training and its surroundings.
struct FullTrainingTask {
  /// The network for square images of a side, with the data's channels and classes.
  std::function<Network(int resolution)> network;
  int resolution = 0;                     ///< side that the network is scored at
  Normalization normalization;            ///< of pixels
  std::filesystem::path folder;           ///< for the files above
  uint64_t identity = 0;                  ///< of all that the result depends on: of the checkpoint
  RankGroup* ranks = nullptr;             ///< of a data-parallel training; borrowed
  std::function<bool()> stop_asked = {};  ///< looked at after each step
};

/// What a user sees of a training while it runs.
struct FullTrainingObserver {
  std::function<void(const StepReport&)> after_step = {};
  struct Epoch {
    int epoch = 0;                        ///< from 1
    int resolution = 0;                   ///< of its training images
    double loss = 0, images_per_s = 0;    ///< of the training
    std::optional<double> accuracy = {};  ///< on the validation images, where it was scored
    double best_accuracy = 0;             ///< so far
  };
  std::function<void(const Epoch&)> after_epoch = {};
};

struct FullTrainingResult {
  TrialStatus status = TrialStatus::kComplete;  ///< or `kDiverged`
  std::string message = {};                     ///< cause of a failure
  std::vector<Metric> metrics = {};             ///< the learning curve
  int best_epoch = 0;                           ///< from 1; 0: none
  double best_accuracy = 0;                     ///< on the validation images
  int epochs = 0;                               ///< that were trained: fewer after early stopping
  std::optional<double> test_accuracy = {};  ///< of the best weights, where there are test images
};

/// Trains the network by `config` on `data.train`, scores it after every epoch on
/// `data.validation` with the averaged weights, where the recipe has an average, and with the
/// batch-norm statistics that these have on training images (accuracy/training/batch_norm.h), and
/// keeps the best and the last weights. Continues from the folder's checkpoint where there is one
/// of this training; on a CPU it ends with the same bits as a training without a break. Throws
/// `kInterrupted` when it is asked to stop. REQUIRES: `check_full_training` passed.
FullTrainingResult train_fully(const FullTrainingConfig& config, const Dataset& data,
                               const FullTrainingTask& task, const FullTrainingObserver& observer);

/// Tries all that a training needs. Throws `kConfig` for a device, resolution or weights that do
/// not fit, `kData` for weights that cannot be read.
void check_full_training(const FullTrainingConfig& config, const FullTrainingTask& task);

/// ImageNet's mean and deviation, for `PixelStatistics::kImageNet`.
Normalization imagenet_normalization();

}  // namespace ridgeline
