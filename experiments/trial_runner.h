#pragma once

#include <optional>

#include "experiments/executor.h"

namespace ridgeline {

/// Brings trials to their one final result through an executor.
class TrialRunner {
 public:
  /// `executor` must outlive the runner.
  explicit TrialRunner(Executor& executor) : executor_(executor) {}

  void submit(const TrialSpec& spec);
  /// Waits for the next trial that is finished for good, in any order; nothing when none is left to
  /// wait for, or the user has stopped the run.
  std::optional<TrialResult> next();

 private:
  Executor& executor_;
};

}  // namespace ridgeline
