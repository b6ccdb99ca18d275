#pragma once

#include <deque>
#include <queue>
#include <vector>

#include "experiments/executors/executor.h"

namespace ridgeline {

/// How simulated trials behave. A duration is log-normal: most are a little below the mean, a few
/// take many times as long.
struct SimulationConfig {
  int workers = 500;
  uint64_t seed = 1;
  double mean_s = 60;         ///< mean duration of a trial that is left alone
  double sigma = 0.75;        ///< of the duration's logarithm; 0: all equally long
  double time_limit_s = 600;  ///< a trial of this length is killed: status time_out
  double failure_share = 0;   ///< of the attempts; half of them crash early, half hang
};

/// What the workers did, in virtual time.
struct Utilisation {
  double wall_s = 0;          ///< from 0 to the last result handed out
  double busy_share = 0;      ///< of all workers over `wall_s`
  double fed_s = 0;           ///< from 0 to the start of the last job
  double fed_busy_share = 0;  ///< over `fed_s`: without the end, when no work is left to give
};

/// Runs trials on `workers` virtual workers: `next` advances a virtual clock to the next end of a
/// trial (one that has passed is given at once) instead of waiting, and only then asks the
/// evaluator. A duration and its failure follow from (seed, trial id, attempt), so a simulation can
/// be repeated. For tests and benchmarks.
class SimulatedExecutor : public Executor {
 public:
  /// `evaluator` must outlive the executor. Throws `kConfig` for numbers without meaning.
  SimulatedExecutor(const SimulationConfig& config, AccuracyEvaluator& evaluator);

  void submit(const TrialJob& job) override;
  std::optional<TrialResult> next(std::chrono::milliseconds patience) override;
  size_t in_flight() const override { return queue_.size() + running_.size(); }
  void cancel(uint64_t id) override;

  double now_s() const { return now_s_; }
  /// Lets virtual time pass, as while the caller is busy: a worker whose trial ends then is idle
  /// until it gets the next one. REQUIRES: seconds >= 0
  void advance(double seconds) { now_s_ += seconds; }
  /// Virtual seconds that each worker has worked, jobs that run on included to the present.
  std::vector<double> busy_s() const;
  Utilisation utilisation() const;

 private:
  struct Running {
    double end_s = 0;
    double start_s = 0;
    int worker = 0;
    TrialStatus status = TrialStatus::kComplete;
    TrialJob job;
  };
  Running start(TrialJob job, int worker) const;
  void fill();
  void release(const Running& done, double until_s);
  double total_busy_s() const;

  SimulationConfig config_;
  AccuracyEvaluator& evaluator_;
  std::deque<TrialJob> queue_;
  std::vector<Running> running_;  // a heap, the next to end in front
  std::priority_queue<int, std::vector<int>, std::greater<>> free_;
  std::vector<double> busy_s_;  // of ended jobs
  double ended_busy_s_ = 0;     // their sum
  double now_s_ = 0;
  double last_start_s_ = 0;
  double busy_at_last_start_s_ = 0;
};

}  // namespace ridgeline
