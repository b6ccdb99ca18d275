#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "core/file.h"
#include "experiments/config.h"
#include "experiments/store/store.h"

namespace ridgeline {

/// The folder of one run and the files in it (docs/file_formats.md).
class RunDirectory {
 public:
  /// A new run: makes the folder, writes the resolved config, makes the store. A run that has
  /// proposed nothing yet is replaced; throws `kRun` when the folder holds any other, saying
  /// whether `resume` would continue it, or half of one.
  static RunDirectory create(const std::filesystem::path& path, const ExperimentConfig& config);
  /// An existing run, locked for writing. Throws `kRun` when it is none, damaged, in use, or of
  /// another configuration than its store's.
  static RunDirectory open(const std::filesystem::path& path);
  /// Without a lock, for `show`.
  static RunDirectory read(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  const ExperimentConfig& config() const { return config_; }
  /// Takes over `runtime` settings (`--set runtime.workers=4`) and writes them. Throws `kRun` when
  /// `changed` differs in anything that can change a result.
  void change_runtime(const ExperimentConfig& changed);
  TrialStore& store() { return *store_; }
  /// finished, running (some process holds the lock), interrupted (asked to stop), forked (not gone
  /// on with yet), or stopped: by an error, or killed.
  std::string state();

  std::filesystem::path config_file() const { return path_ / "config.yaml"; }
  std::filesystem::path store_file() const { return path_ / "store.sqlite"; }
  std::filesystem::path log_file() const { return path_ / "log.txt"; }
  std::filesystem::path trials_folder() const { return path_ / "trials"; }
  std::filesystem::path shared_weights() const { return path_ / "supernet.pt"; }
  std::filesystem::path best_architecture() const { return path_ / "best" / "architecture.yaml"; }
  std::filesystem::path best_weights() const { return path_ / "best" / "weights.pt"; }
  std::filesystem::path family_folder() const { return path_ / "family"; }
  std::filesystem::path export_folder() const { return path_ / "export"; }

 private:
  RunDirectory(std::filesystem::path path) : path_(std::move(path)) {}
  void require_free(const ExperimentConfig& config) const;

  std::filesystem::path path_;
  std::unique_ptr<FileLock> lock_;
  ExperimentConfig config_;
  std::unique_ptr<TrialStore> store_;
};

}  // namespace ridgeline
