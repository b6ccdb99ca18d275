#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/run_command.h"

namespace ridgeline {

/// What a listed task means for a trial: it waits, it runs, it was put aside and will not start by
/// itself, it is over.
enum class SlurmState { kQueued, kRunning, kHeld, kEnded };

/// One task of a job array in Slurm's queue.
struct SlurmTask {
  uint64_t job = 0;  ///< of the array; ids come again when a controller loses its state
  int index = 0;     ///< in the array
  SlurmState state = SlurmState::kQueued;
  std::string state_word;  ///< Slurm's: PENDING, RUNNING, NODE_FAIL, ...
  double seconds = 0;      ///< that it has been running
  std::string host;
  std::string reason;
  std::string name;  ///< of the job
};

/// Slurm's commands. Silence is never an answer: a command that fails or takes too long tells
/// nothing about jobs. Does not need accounting (sacct).
class SlurmCommands {
 public:
  explicit SlurmCommands(CommandRunner run) : run_(std::move(run)) {}

  /// The array's job id. Nothing when Slurm did not answer: it may or may not have taken the job.
  /// Throws `kIo` with Slurm's words when it refused.
  std::optional<uint64_t> submit(const std::vector<std::string>& options,
                                 const std::string& script) const;
  /// All array tasks of this user, or nothing when Slurm did not answer.
  std::optional<std::vector<SlurmTask>> queue() const;
  /// Cancels tasks given as "JOB_INDEX"; those that are gone do not matter. False: no answer.
  bool cancel(const std::vector<std::string>& tasks) const;

 private:
  CommandRunner run_;
};

/// squeue's answer in the format that `queue` asks for; nothing when it is no such text. Jobs that
/// are no array tasks are left out.
std::optional<std::vector<SlurmTask>> parse_queue(const std::string& text);

/// "2-03:04:05", "04:05" -> seconds.
double parse_elapsed(const std::string& text);

/// Slurm's reason for a waiting job in words: "Resources" -> "all fitting nodes are busy
/// (Resources)".
std::string explain_reason(const std::string& reason);

}  // namespace ridgeline
