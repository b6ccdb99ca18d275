#include "experiments/executors/in_process_executor.h"

#include <algorithm>

#include "core/interrupt.h"

namespace ridgeline {

std::optional<TrialResult> InProcessExecutor::next(std::chrono::milliseconds) {
  if (in_flight() == 0) return std::nullopt;
  const TrialJob job = std::move(queue_.front());
  queue_.pop_front();
  TrialResult result{job.spec.trial_id, job.attempt, {}};
  try {
    result.evaluation = evaluator_.evaluate(job.spec);
  } catch (const Error& error) {
    // A training whose weights cannot be written would begin again at its first step.
    if (error.kind() != ErrorKind::kIo || !job.spec.weights_path.empty()) throw;
    result.evaluation.status = TrialStatus::kLost;
    result.evaluation.message = error.what();
  }
  return result;
}

size_t InProcessExecutor::in_flight() const { return interrupts() > 0 ? 0 : queue_.size(); }

void InProcessExecutor::cancel(uint64_t id) {
  std::erase_if(queue_, [id](const TrialJob& job) { return job.spec.trial_id == id; });
}

}  // namespace ridgeline
