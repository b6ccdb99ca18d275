#pragma once

#include <deque>
#include <filesystem>
#include <utility>

#include "experiments/executors/executor.h"

namespace ridgeline {

/// Evaluates in this process, one trial at a time, in the order of submission: for tests and tiny
/// evaluators. A trial keeps a checkpoint only where it is left to go on later
/// (`TrialSpec::stop_after_epoch`), and only with a folder. What the file system refuses a trial
/// makes it `lost`; other errors are passed on.
class InProcessExecutor : public Executor {
 public:
  /// `evaluator` must outlive the executor.
  explicit InProcessExecutor(AccuracyEvaluator& evaluator, std::filesystem::path folder = {})
      : evaluator_(evaluator), folder_(std::move(folder)) {}
  void submit(const TrialJob& job) override { queue_.push_back(job); }
  std::optional<TrialResult> next(std::chrono::milliseconds patience) override;
  size_t in_flight() const override;
  void cancel(uint64_t id) override;
  void forget(uint64_t id) override;

 private:
  std::filesystem::path checkpoint(uint64_t id) const;

  AccuracyEvaluator& evaluator_;
  std::filesystem::path folder_;  // of checkpoints; empty: none are kept
  std::deque<TrialJob> queue_;
};

}  // namespace ridgeline
