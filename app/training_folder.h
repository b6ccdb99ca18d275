#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "accuracy/full_training/full_training.h"
#include "core/file.h"
#include "export/bundle.h"
#include "network/published/network_source.h"

namespace ridgeline {

/// What is told of a finished training.
struct TrainingOutcome {
  double best_accuracy = 0;  ///< on the validation images
  int best_epoch = 0;        ///< from 1
  int epochs = 0;
  std::optional<double> test_accuracy = {};

  template <class V>
  void describe(V& v) {
    v.field("validation_accuracy", best_accuracy, {.help = "of the best epoch's weights"});
    v.field("best_epoch", best_epoch, {});
    v.field("epochs", epochs, {.help = "that were trained"});
    v.field("test_accuracy", test_accuracy, {.help = "of the best epoch's weights"});
  }
};

/// The folder of `ridgeline train`: config.yaml (resolved), architecture.yaml, the weights and
/// checkpoint of the training (full_training.h), metrics.csv, and result.yaml once it is finished.
class TrainingFolder {
 public:
  /// Makes the folder, or takes up the training in it. Throws `kRun` when the folder holds another
  /// training or something else, or another process trains in it.
  static TrainingFolder open(const std::filesystem::path& path, const FullTrainingConfig& config,
                             const NetworkSource& source, const Normalization& normalization);
  /// Without a lock, for reading. Throws `kRun` when it is none.
  static TrainingFolder read(const std::filesystem::path& path);
  static bool is_one(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path config_file() const { return path_ / "config.yaml"; }
  std::filesystem::path architecture_file() const { return path_ / "architecture.yaml"; }
  std::filesystem::path best_weights() const { return path_ / kBestWeightsFile; }
  FullTrainingConfig config() const;
  NetworkSource source() const { return load_network_source(architecture_file()); }
  Normalization normalization() const;
  /// Of all that the result depends on.
  uint64_t identity() const;

  /// Nothing before the training is finished.
  std::optional<TrainingOutcome> outcome() const;
  void finish(const TrainingOutcome& outcome) const;

  /// Its best weights for other tools. Throws `kRun` before the first epoch is over.
  ExportReport export_to(const std::filesystem::path& folder, BundleOptions options) const;

 private:
  explicit TrainingFolder(std::filesystem::path path) : path_(std::move(path)) {}

  std::filesystem::path path_;
  std::unique_ptr<FileLock> lock_;
};

}  // namespace ridgeline
