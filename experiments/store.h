#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "experiments/trial.h"

struct sqlite3;

namespace ridgeline {

/// The truth of a run: one SQLite file. Each `append` is its own durable transaction (WAL,
/// synchronous = FULL: an acknowledged trial survives a power cut). One writer at a time: the
/// holder of the run's lock.
class TrialStore {
 public:
  static constexpr int kSchemaVersion = 1;

  /// Opens or creates. Throws `kRun` for a file that is damaged, no store, or of a newer version;
  /// `kIo` when the file system refuses.
  explicit TrialStore(const std::filesystem::path& path, bool read_only = false);

  /// Throws `kIo` on a full disk; then nothing of the trial is in the file.
  void append(const Trial& trial);
  /// All trials of a phase, by id.
  std::vector<Trial> trials(Phase phase) const;
  /// The best complete trial of a phase, by `better`.
  std::optional<Trial> best(Phase phase) const;

  /// Small named facts, such as the configuration's identity or a phase that is done.
  void set_fact(const std::string& key, const std::string& value);
  std::optional<std::string> fact(const std::string& key) const;

 private:
  struct Close {
    void operator()(sqlite3* database) const;
  };
  void execute(const std::string& sql);
  void check(int code, const std::string& action) const;
  void prepare_schema();

  std::filesystem::path path_;
  bool read_only_ = false;
  std::unique_ptr<sqlite3, Close> database_;
};

}  // namespace ridgeline
