#pragma once

#include <sys/types.h>

#include <chrono>
#include <deque>
#include <filesystem>
#include <vector>

#include "accuracy/config.h"
#include "experiments/executors/executor.h"
#include "experiments/executors/gpu_plan.h"

namespace ridgeline {

struct LocalExecutorConfig {
  std::filesystem::path program;  ///< this binary
  std::filesystem::path folder;   ///< for spec, result and log files; emptied as results are read
  AccuracyConfig accuracy;
  int workers = 2;
  double time_limit_s = 0;  ///< per trial; 0: none
  double checkpoint_s = 0;  ///< between two checkpoints of a trial; 0: none are kept
  GpuPlan gpus = {};        ///< `workers` and `processes` are taken from above
};

/// Runs each trial as a process `PROGRAM trial SPEC RESULT`, so that a crash, an out-of-memory kill
/// or a hang is one failed trial. Children die with this process. At a first interrupt, trials that
/// keep checkpoints are asked to stop, and give no result; the others run to their end.
///
/// Trials that share a GPU are each kept to their share of its memory. One that lacks memory then
/// may lack it because of its neighbours: it is run again, alone on its GPU and with all of it, and
/// only that result is given. So the outcome does not depend on who ran beside it.
class LocalExecutor : public Executor {
 public:
  explicit LocalExecutor(LocalExecutorConfig config);
  ~LocalExecutor() override;

  void submit(const TrialJob& job) override;
  std::optional<TrialResult> next(std::chrono::milliseconds patience) override;
  size_t in_flight() const override;
  void cancel(uint64_t id) override;
  void forget(uint64_t id) override;

 private:
  struct Waiting {
    TrialJob job;
    std::optional<int> alone_in = std::nullopt;  // this slot, when nobody else is on its GPUs
  };
  struct Running {
    Waiting what;
    int slot;
    pid_t process;
    std::chrono::steady_clock::time_point start;
    bool timed_out = false;
    uint64_t id() const { return what.job.spec.trial_id; }
  };
  bool start_one();
  std::optional<int> slot_for(const Waiting& waiting) const;
  void start(const Waiting& waiting, int slot);
  std::vector<std::string> arguments_of(const Waiting& waiting, int slot) const;
  std::vector<std::string> environment_of(int slot) const;
  bool to_run_alone(const Running& finished, const TrialResult& result) const;
  void ask_to_stop();
  std::optional<TrialResult> reap();
  TrialResult take(const Running& finished, int wait_status) const;
  Evaluation outcome(const Running& running, int wait_status) const;
  void kill_all();
  std::filesystem::path file(uint64_t id, const char* suffix) const;

  LocalExecutorConfig config_;
  std::deque<Waiting> queue_;
  std::vector<Running> running_;
  bool asked_to_stop_ = false;
};

}  // namespace ridgeline
