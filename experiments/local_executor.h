#pragma once

#include <sys/types.h>

#include <chrono>
#include <deque>
#include <filesystem>
#include <vector>

#include "accuracy/config.h"
#include "experiments/executor.h"

namespace ridgeline {

struct LocalExecutorConfig {
  std::filesystem::path program;  ///< this binary
  std::filesystem::path folder;   ///< for spec, result and log files; emptied as results are read
  AccuracyConfig accuracy;
  int workers = 2;
  double time_limit_s = 0;             ///< per trial; 0: none
  double checkpoint_s = 0;             ///< between two checkpoints of a trial; 0: none are kept
  std::vector<std::string> gpus = {};  ///< that the workers take in turn; empty: all see all
};

/// Runs each trial as a process `PROGRAM trial SPEC RESULT`, so that a crash, an out-of-memory kill
/// or a hang is one failed trial. Children die with this process. At a first interrupt, trials that
/// keep checkpoints are asked to stop, and give no result; the others run to their end.
class LocalExecutor : public Executor {
 public:
  /// Throws `kConfig` where a trial has more processes than there are `gpus`.
  explicit LocalExecutor(LocalExecutorConfig config);
  ~LocalExecutor() override;

  void submit(const TrialJob& job) override;
  std::optional<TrialResult> next(std::chrono::milliseconds patience) override;
  size_t in_flight() const override;
  void cancel(uint64_t id) override;
  void forget(uint64_t id) override;

 private:
  struct Running {
    uint64_t id;
    int attempt;
    int slot;  // the lowest free one of `workers`
    pid_t process;
    std::chrono::steady_clock::time_point start;
    bool timed_out = false;
  };
  void start(const TrialJob& job);
  int free_slot() const;
  std::vector<std::string> environment_of(int slot) const;
  void ask_to_stop();
  std::optional<TrialResult> reap();
  TrialResult take(const Running& finished, int wait_status) const;
  Evaluation outcome(const Running& running, int wait_status) const;
  void kill_all();
  std::filesystem::path file(uint64_t id, const char* suffix) const;

  LocalExecutorConfig config_;
  std::deque<TrialJob> queue_;
  std::vector<Running> running_;
  bool asked_to_stop_ = false;
};

}  // namespace ridgeline
