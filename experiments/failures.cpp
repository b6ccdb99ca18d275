#include "experiments/failures.h"

namespace ridgeline {

bool FailureConfig::retried(TrialStatus status) const {
  switch (status) {
    case TrialStatus::kCrashed:
      return retry_crashed;
    case TrialStatus::kTimeOut:
      return retry_time_out;
    case TrialStatus::kOutOfMemory:
      return retry_out_of_memory;
    case TrialStatus::kDiverged:
      return retry_diverged;
    default:
      return false;
  }
}

FailureEffect FailureConfig::effect(TrialStatus status) const {
  switch (status) {
    case TrialStatus::kInfeasible:
      return infeasible;
    case TrialStatus::kDiverged:
      return diverged;
    case TrialStatus::kOutOfMemory:
      return out_of_memory;
    case TrialStatus::kTimeOut:
      return time_out;
    case TrialStatus::kLost:
    case TrialStatus::kCancelled:
      return lost;
    case TrialStatus::kCrashed:
    case TrialStatus::kComplete:
      break;
  }
  return crashed;
}

}  // namespace ridgeline
