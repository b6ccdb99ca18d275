#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "controller/controller.h"
#include "experiments/store/attempt.h"
#include "experiments/store/sqlite.h"
#include "experiments/store/store_rows.h"
#include "experiments/store/trial.h"

namespace ridgeline {

/// One controller update.
struct BatchRecord {
  int id = 0;
  uint64_t first_trial = 0;
  int trials = 0;
  UpdateStats stats;
};

/// The controller after the first `trials` trials; only a shortcut for replaying them.
struct Checkpoint {
  uint64_t trials = 0;   ///< in the order of commits
  int batch = 0;         ///< the last update before it
  uint64_t history = 0;  ///< identity of those trials (experiments/checkpoint.h)
  std::string state;     ///< `Controller::save`
};

struct Event {
  std::string time, kind, text;
};

/// So many attempts ended with this status for this cause.
struct AttemptCount {
  TrialStatus status = TrialStatus::kComplete;
  std::string cause;
  int64_t attempts = 0;
};

/// The truth of a run: one SQLite file. Each call that writes is its own durable transaction
/// (synchronous = FULL: an acknowledged trial survives a power cut), or part of a held one. One
/// writer at a time: the holder of the run's lock. Its format: docs/file_formats.md.
class TrialStore {
 public:
  /// Opens or creates; a store of the version before is brought up to date. Throws `kRun` for a
  /// file that is damaged, no store, or of another version; `kIo` when the file system refuses.
  explicit TrialStore(const std::filesystem::path& path, bool read_only = false);

  /// From now on, what is written is durable with the next `commit` only (experiments/journal.h);
  /// a call that fails takes the others since the last one back with it. `commit` is false when
  /// there was nothing, or it was taken back.
  void hold();
  bool commit();
  /// Each call is durable by itself again; what was not committed is given up.
  void release();

  /// Takes the place of an earlier proposal under the same id.
  void append_proposals(const std::vector<Proposal>& proposals);
  /// By id; an id that was never proposed with a genotype is left out. Throws `kRun` for one that
  /// does not match its checksum.
  std::vector<Proposal> proposals() const;

  /// Throws `kIo` on a full disk; then nothing of the trial is in the file. Throws `kInternal` for
  /// a pending trial.
  void append(const Trial& trial);
  /// All of them or none.
  void append_all(const std::vector<Trial>& trials, const std::vector<Proposal>& proposals = {},
                  const std::vector<RecordedAttempt>& attempts = {});
  /// All trials of a phase, by id. Throws `kRun` for a trial that does not match its checksum.
  /// Without `architectures`, theirs are empty: to read one takes longer than all the rest.
  std::vector<Trial> trials(Phase phase, bool architectures = true) const;
  size_t count(Phase phase) const;
  std::optional<Trial> find(uint64_t id) const;
  /// The best complete trial of a phase, by `better`.
  std::optional<Trial> best(Phase phase) const;

  /// With its learning curve; takes the place of a record of the same attempt, a result that came
  /// in after all. `network` identifies what was evaluated (`TrialRunner`): an id can be given to
  /// another network before its trial is committed.
  void append_attempt(const TrialResult& attempt, uint64_t network = 0);
  /// The attempts at a trial, in their order; with `network`, those at that network. Throws `kRun`
  /// for one that does not match its checksum.
  std::vector<TrialResult> attempts(uint64_t trial,
                                    std::optional<uint64_t> network = std::nullopt) const;
  /// Likewise of one trial, or of all, with all that is recorded of them.
  std::vector<RecordedAttempt> recorded_attempts(
      std::optional<uint64_t> trial = std::nullopt) const;
  /// How attempts ended, most frequent first within each status.
  std::vector<AttemptCount> attempt_counts() const;

  /// A batch and, with it or not at all, a checkpoint; the last two checkpoints are kept.
  void append_batch(const BatchRecord& batch, const std::optional<Checkpoint>& checkpoint);
  /// Number of batches that were learned.
  int batches() const;
  /// Removes all but the `keep` newest checkpoints, gives their space back to the file system, and
  /// says how many they were.
  int remove_checkpoints(int keep);
  /// Newest first.
  std::vector<Checkpoint> checkpoints() const;

  void append_event(const std::string& kind, const std::string& text);
  std::vector<Event> events() const;

  /// Small named facts, such as the configuration's identity or a phase that is done (facts.h).
  void set_fact(const std::string& key, const std::string& value);
  std::optional<std::string> fact(const std::string& key) const;

 private:
  std::unique_ptr<Database> database_;
  int early_commits_ = 0;
};

}  // namespace ridgeline
