#include "experiments/executors/in_process_executor.h"

#include <algorithm>

#include "core/interrupt.h"
#include "core/random.h"

namespace ridgeline {
namespace {

/// The run's configuration is the same for all: the folder is the run's.
uint64_t training_of(const TrialSpec& spec) {
  return hash_text(to_yaml(spec.architecture) + "|" + std::to_string(spec.seed) + "|" +
                   std::to_string(spec.trial_id) + "|" + std::to_string(spec.epochs) +
                   (spec.test_split ? "|test" : ""));
}

}  // namespace

std::optional<TrialResult> InProcessExecutor::next(std::chrono::milliseconds) {
  if (in_flight() == 0) return std::nullopt;
  TrialJob job = std::move(queue_.front());
  queue_.pop_front();
  const std::filesystem::path kept = checkpoint(job.spec.trial_id);
  if (!kept.empty() && (job.spec.stop_after_epoch > 0 || std::filesystem::exists(kept)))
    job.spec.checkpoint = {.path = kept.string(), .identity = training_of(job.spec)};
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

std::filesystem::path InProcessExecutor::checkpoint(uint64_t id) const {
  return folder_.empty() ? folder_ : folder_ / (std::to_string(id) + ".checkpoint");
}

void InProcessExecutor::forget(uint64_t id) {
  std::error_code ignored;
  if (!folder_.empty()) std::filesystem::remove_all(checkpoint(id), ignored);
}

size_t InProcessExecutor::in_flight() const { return interrupts() > 0 ? 0 : queue_.size(); }

void InProcessExecutor::cancel(uint64_t id) {
  std::erase_if(queue_, [id](const TrialJob& job) { return job.spec.trial_id == id; });
}

}  // namespace ridgeline
