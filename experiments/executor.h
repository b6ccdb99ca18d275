#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "accuracy/evaluator.h"

namespace ridgeline {

struct TrialResult {
  uint64_t id = 0;
  Evaluation evaluation;
};

/// Where trials run. A trial is pure, so it does not matter where, in which order, or how often.
class Executor {
 public:
  virtual ~Executor() = default;
  /// Queues a trial; `spec.trial_id` identifies its result.
  virtual void submit(const TrialSpec& spec) = 0;
  /// Waits for the next finished trial, in any order; nothing when none is queued or running. After
  /// a first interrupt no queued trial is started; after a second, running trials are killed and
  /// nothing is returned.
  virtual std::optional<TrialResult> next() = 0;
};

}  // namespace ridgeline
