#include "experiments/in_process_executor.h"

#include "experiments/interrupt.h"

namespace ridgeline {

std::optional<TrialResult> InProcessExecutor::next() {
  if (queue_.empty() || interrupts() > 0) return std::nullopt;
  const TrialSpec spec = std::move(queue_.front());
  queue_.pop_front();
  return TrialResult{spec.trial_id, evaluator_.evaluate(spec)};
}

}  // namespace ridgeline
