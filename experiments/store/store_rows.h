#pragma once

#include <optional>
#include <string>

#include "core/error.h"
#include "experiments/store/attempt.h"
#include "experiments/store/sqlite.h"
#include "experiments/store/trial.h"

namespace ridgeline {

/// What was proposed under a trial's id, before it is run.
struct Proposal {
  uint64_t id = 0;
  std::string genotype;
  int updates = -1;            ///< that the proposing policy had behind it; -1: synchronous search
  double log_probability = 0;  ///< under that policy, nats; asynchronous search
};

/// One try at a trial, as the store keeps it.
struct RecordedAttempt {
  TrialResult result;
  uint64_t network = 0;          ///< identity of what was evaluated
  std::string finished_at = {};  ///< UTC; empty: now, when it is written
};

// How proposals, trials and attempts lie in the store's tables. Each row has a checksum of all of
// it, an attempt's of its learning curve too; 0 stands for a row from before there were checksums.

/// The columns of a proposal, in the order in which `read_proposal` takes them.
inline constexpr const char* kProposalColumns = "id, genotype, updates, log_probability, checksum";
/// Takes the place of an earlier one under the same id.
void write_proposal(Database& database, const Proposal& proposal);
/// Nothing for a row that does not match its checksum; an empty genotype for a mere id.
std::optional<Proposal> read_proposal(const Statement& row);

/// The columns of a trial, in the order in which `read_trial` takes them.
inline constexpr const char* kTrialColumns =
    "id, phase, batch, genotype, architecture, status, accuracy, latency_ms, reward, loss, params, "
    "madds, reused_from, seconds, finished_at, message, checksum, place, further_latencies";
/// Gives the trial the next place, and makes the rows that it refers to where they are missing.
void write_trial(Database& database, const Trial& trial);
/// Throws `kRun` for a row that does not match its checksum or holds an unknown word.
Trial read_trial(const Statement& row, const std::string& where);

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
