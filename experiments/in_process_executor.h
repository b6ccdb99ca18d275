#pragma once

#include <deque>

#include "experiments/executor.h"

namespace ridgeline {

/// Evaluates in this process, one trial at a time, in the order of submission: for tests and tiny
/// evaluators.
class InProcessExecutor : public Executor {
 public:
  /// `evaluator` must outlive the executor.
  explicit InProcessExecutor(AccuracyEvaluator& evaluator) : evaluator_(evaluator) {}
  void submit(const TrialSpec& spec) override { queue_.push_back(spec); }
  std::optional<TrialResult> next() override;

 private:
  AccuracyEvaluator& evaluator_;
  std::deque<TrialSpec> queue_;
};

}  // namespace ridgeline
