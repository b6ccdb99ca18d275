#include "experiments/failures.h"

#include <algorithm>
#include <map>

#include "experiments/store/trial.h"

namespace ridgeline {
namespace {

constexpr size_t kCauses = 3;  // of failures, in one line

}  // namespace

bool is_infrastructure(TrialStatus status) {
  return status == TrialStatus::kLost || status == TrialStatus::kCancelled;
}

std::string failures_line(const std::vector<Trial>& trials) {
  std::map<std::string, size_t> causes;
  size_t failed = 0;
  for (const auto& trial : trials) {
    if (has_accuracy(trial.status) || trial.status == TrialStatus::kInfeasible) continue;
    ++failed;
    ++causes[enum_name(trial.status) + (trial.cause.empty() ? "" : ": " + trial.cause)];
  }
  if (failed == 0) return {};
  std::vector<std::pair<std::string, size_t>> sorted(causes.begin(), causes.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  std::vector<std::string> parts;
  for (size_t i = 0; i < std::min(kCauses, sorted.size()); ++i)
    parts.push_back(std::to_string(sorted[i].second) + " " + sorted[i].first);
  if (sorted.size() > kCauses) parts.emplace_back("...");
  return std::to_string(failed) + " of " + std::to_string(trials.size()) +
         " trials failed: " + join(parts, "; ");
}

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
    case TrialStatus::kInvalid:
    case TrialStatus::kPending:
    case TrialStatus::kComplete:
    case TrialStatus::kStopped:
      break;
  }
  return crashed;
}

Evaluation checked(Evaluation evaluation) {
  const bool fraction = evaluation.accuracy >= 0 && evaluation.accuracy <= 1;
  if (has_accuracy(evaluation.status) && !fraction) {
    evaluation.status = TrialStatus::kDiverged;
    evaluation.message = "accuracy " + ConfigWriter::plain_number(evaluation.accuracy) +
                         " is not a fraction in [0, 1]";
  }
  if (!fraction) evaluation.accuracy = 0;
  return evaluation;
}

bool counts_in_update(const FailureConfig& policy, const Trial& trial) {
  return has_accuracy(trial.status) || policy.effect(trial.status) != FailureEffect::kIgnore;
}

void stop_where_configured(const FailureConfig& policy, const Trial& trial, size_t commit_index) {
  if (has_accuracy(trial.status) || policy.effect(trial.status) != FailureEffect::kStop) {
    return;
  }
  throw Error(ErrorKind::kInfeasible,
              "trial " + std::to_string(trial.id) + " ended as " + enum_name(trial.status) + ": " +
                  trial.cause + "; failures." + enum_name(trial.status) +
                  " is stop; `ridgeline fork RUN --at " + std::to_string(commit_index) +
                  " NEW_RUN` starts again before it");
}

}  // namespace ridgeline
