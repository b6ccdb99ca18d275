#include "experiments/executors/in_process_executor.h"

#include <algorithm>

#include "experiments/executors/interrupt.h"

namespace ridgeline {

std::optional<TrialResult> InProcessExecutor::next(std::chrono::milliseconds) {
  if (in_flight() == 0) return std::nullopt;
  const TrialJob job = std::move(queue_.front());
  queue_.pop_front();
  return TrialResult{job.spec.trial_id, job.attempt, evaluator_.evaluate(job.spec)};
}

size_t InProcessExecutor::in_flight() const { return interrupts() > 0 ? 0 : queue_.size(); }

void InProcessExecutor::cancel(uint64_t id) {
  std::erase_if(queue_, [id](const TrialJob& job) { return job.spec.trial_id == id; });
}

}  // namespace ridgeline
