#pragma once

#include <deque>

#include "experiments/executors/executor.h"

namespace ridgeline {

/// Evaluates in this process, one trial at a time, in the order of submission: for tests and tiny
/// evaluators. What the file system refuses a trial makes it `lost`; other errors are passed on.
class InProcessExecutor : public Executor {
 public:
  /// `evaluator` must outlive the executor.
  explicit InProcessExecutor(AccuracyEvaluator& evaluator) : evaluator_(evaluator) {}
  void submit(const TrialJob& job) override { queue_.push_back(job); }
  std::optional<TrialResult> next(std::chrono::milliseconds patience) override;
  size_t in_flight() const override;
  void cancel(uint64_t id) override;

 private:
  AccuracyEvaluator& evaluator_;
  std::deque<TrialJob> queue_;
};

}  // namespace ridgeline
