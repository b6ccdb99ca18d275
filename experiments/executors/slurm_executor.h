#pragma once

#include <chrono>
#include <deque>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "accuracy/config.h"
#include "experiments/executors/executor.h"
#include "experiments/executors/slurm_batch.h"
#include "experiments/executors/slurm_commands.h"

namespace ridgeline {

struct SlurmExecutorConfig {
  std::filesystem::path program;  ///< this binary; the nodes must see it under the same path
  std::filesystem::path folder;   ///< for the trials' files; seen by all nodes
  AccuracyConfig accuracy;
  SlurmConfig slurm;
  double time_limit_s = 0;  ///< per trial, of running; 0: Slurm's alone
  double checkpoint_s = 0;  ///< between two checkpoints of a trial; 0: none are kept
};

/// Runs trials as tasks of Slurm job arrays: one array for all jobs that were submitted between two
/// calls of `next`. A result file counts, whatever Slurm says of its job; a job that Slurm no
/// longer knows twice in a row, and that left no result, is lost (`kCrashed`). Jobs outlive this
/// process: the next one finds them by name, and takes over their results.
class SlurmExecutor : public Executor {
 public:
  /// `run` carries out Slurm's commands: `run_command`, or a test's.
  SlurmExecutor(SlurmExecutorConfig config, CommandRunner run);
  /// Cancels what still runs, unless the process is killed.
  ~SlurmExecutor() override;

  void submit(const TrialJob& job) override;
  std::optional<TrialResult> next(std::chrono::milliseconds patience) override;
  size_t in_flight() const override;
  void cancel(uint64_t id) override;
  void forget(uint64_t id) override;
  std::string waiting() const override;

 private:
  struct Collected {
    TrialJob job;
    bool known;  ///< this very specification was handed in before, by us or an earlier process
  };
  struct Task {
    TrialJob job;
    std::string tag;
    SlurmTask slurm;   ///< as last seen
    int absences = 0;  ///< polls in a row in which Slurm did not have it
  };
  /// Of a queue, by id and name: a controller that lost its state gives ids again.
  using Listing = std::map<std::tuple<uint64_t, int, std::string_view>, const SlurmTask*>;

  void hand_in();
  void take_over_results();
  void take_over_tasks(const std::vector<SlurmTask>& queue);
  bool submit_array(size_t count);
  void poll();
  void look_at(Task& task, const std::optional<Listing>& listing,
               std::vector<std::string>& to_cancel);
  void cancel_strangers(const std::vector<SlurmTask>& queue, std::vector<std::string>& to_cancel);
  bool read_result_of(Task& task);
  bool read_failure_of(Task& task);
  void fail(Task& task, TrialStatus status, const std::string& message);
  void obey_interrupts();
  void forget_spent();
  void log_waiting();

  SlurmExecutorConfig config_;
  SlurmCommands commands_;
  SlurmFiles files_;
  std::deque<Collected> collected_;  ///< submitted, not yet known to Slurm
  std::map<uint64_t, Task> tasks_;   ///< handed in, by trial
  std::deque<TrialResult> ready_;
  std::vector<std::pair<uint64_t, std::string>> spent_;  ///< trial and tag of results given
  bool look_before_handing_in_ = true;                   ///< Slurm may hold jobs we know nothing of
  int silences_ = 0;                                     ///< polls in a row without an answer
  std::string said_;
  std::chrono::steady_clock::time_point next_poll_{};
};

}  // namespace ridgeline
