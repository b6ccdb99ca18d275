#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "experiments/store/attempt.h"
#include "experiments/store/sqlite.h"
#include "experiments/store/trial.h"

namespace ridgeline {

/// What was proposed under a trial's id, before it is run.
struct Proposal {
  uint64_t id = 0;
  Genotype genotype;
  int updates = -1;            ///< that the proposing policy had behind it; -1: synchronous search
  double log_probability = 0;  ///< under that policy, nats; asynchronous search
};

/// One try at a trial, as the store keeps it.
struct RecordedAttempt {
  TrialResult result;
  uint64_t network = 0;          ///< identity of what was evaluated
  std::string finished_at = {};  ///< UTC; empty: now, when it is written
};

// How proposals, trials and attempts lie in the store's tables: here alone a value becomes text and
// text a value. Each row has a checksum of all of it, an attempt's of its learning curve too.

/// A query of proposals for `read_proposal`; `rest` comes after the table's name.
std::string select_proposals(const std::string& rest);
/// Takes the place of an earlier one under the same id.
void write_proposal(Database& database, const Proposal& proposal);
/// Makes a mere id, which says nothing of what was proposed, where there is no proposal of it.
void ensure_proposal(Database& database, uint64_t id);
/// Stores before version 7 have none at them.
void give_checksums_to_mere_ids(Database& database);
/// Nothing for a row that does not match its checksum; an empty genotype for a mere id.
std::optional<Proposal> read_proposal(const Statement& row);

inline constexpr const char* kArchitectureColumn = "architecture";
/// The names of a trial's columns; only its checksum and its commit index are not among them.
std::vector<std::string> trial_columns();
/// A query of trials for `read_trial`; `rest` comes after the table's name.
std::string select_trials(const std::string& rest);
/// Gives the trial the next commit index, and makes the rows that it refers to where they are
/// missing. Throws `kInternal` for a pending trial, which has no result.
void write_trial(Database& database, const Trial& trial);
/// Throws `kRun` for a row that does not match its checksum or cannot be read. Without
/// `architecture` that is left empty: reading its text takes longer than all the rest.
Trial read_trial(const Statement& row, const std::string& where, bool architecture = true);

/// Takes the place of a record of the same attempt, with its curve.
void write_attempt(Database& database, const RecordedAttempt& attempt);

/// Reads attempts with their curves, in the order of trials and attempts.
class AttemptReader {
 public:
  /// Of one trial, or of all.
  explicit AttemptReader(Database& database, std::optional<uint64_t> trial = std::nullopt);
  /// False after the last. Throws `kRun` where the file cannot be read.
  bool next();
  const RecordedAttempt& attempt() const { return attempt_; }
  /// Whether the attempt and its curve match their checksum.
  bool sound() const { return sound_; }
  /// Throws `kRun` where they do not.
  void require_sound() const;

 private:
  void read_metrics();

  std::string where_;
  Statement attempts_;
  Statement metrics_;
  bool metric_waits_ = false;  // metrics_ stands on a row that is not taken yet
  RecordedAttempt attempt_;
  bool sound_ = true;
};

/// The error of a row that does not match its checksum.
Error damaged_row(const std::string& what, const std::string& where);

TrialStatus status_from_text(const std::string& text, const std::string& where);

}  // namespace ridgeline
