#pragma once

#include <filesystem>
#include <memory>

#include "core/file.h"
#include "experiments/config.h"
#include "experiments/store/store.h"

namespace ridgeline {

/// The folder of the trainings that judge a proxy: config.yaml (resolved), trainings.sqlite (a
/// `TrialStore` whose attempts are the trainings) and the reports. A check, a design and the scores
/// of one experiment share it, and with it their trainings.
class ProxyFolder {
 public:
  /// Makes the folder, or takes up the trainings in it. Throws `kRun` when it holds trainings of
  /// another space, seed or recipe (epochs and `accuracy.proxy` may differ), something else, or
  /// another process works in it.
  static ProxyFolder open(const std::filesystem::path& path, const ExperimentConfig& config);

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path trials_folder() const { return path_ / "trials"; }
  TrialStore& store() { return *store_; }
  /// Writes a report, and says where.
  void write(const std::string& name, const std::string& text) const;

 private:
  explicit ProxyFolder(std::filesystem::path path) : path_(std::move(path)) {}

  std::filesystem::path path_;
  std::unique_ptr<FileLock> lock_;
  std::unique_ptr<TrialStore> store_;
};

}  // namespace ridgeline
