#include "experiments/trial_runner.h"

#include <algorithm>
#include <thread>

#include "core/interrupt.h"
#include "core/logging.h"
#include "core/random.h"
#include "experiments/store/store.h"

namespace ridgeline {
namespace {

constexpr std::chrono::milliseconds kPatience{200};

uint64_t identity_of(const TrialSpec& spec) {
  return hash_text(
      to_yaml(spec.architecture) + "|" + std::to_string(spec.seed) + "|" +
      std::to_string(spec.epochs) + (spec.test_split ? "|test" : "") +
      (spec.stop_after_epoch > 0 ? "|to " + std::to_string(spec.stop_after_epoch) : ""));
}

}  // namespace

void TrialRunner::submit(const TrialSpec& spec) {
  Pending trial{.spec = spec, .network = identity_of(spec)};
  if (store_ != nullptr && use_recorded(trial)) return;
  executor_.submit({trial.spec, trial.attempt});
  pending_.insert_or_assign(spec.trial_id, std::move(trial));
}

/// Goes through what is recorded of the trial as if it happened now; true: it is decided.
bool TrialRunner::use_recorded(Pending& trial) {
  const uint64_t id = trial.spec.trial_id;
  const auto past = store_->attempts(id);
  if (past.empty()) return false;
  trial.attempt = past.back().attempt + 1;
  const auto of_this = store_->attempts(id, trial.network);
  for (const auto& attempt : past) {
    const bool this_one = std::any_of(of_this.begin(), of_this.end(), [&](const auto& own) {
      return own.attempt == attempt.attempt;
    });
    if (!this_one) trial.first = attempt.attempt + 1;
  }
  // Weights are no part of the record: a trial that has to leave some is run whatever is recorded.
  if (!trial.spec.weights_path.empty()) return false;
  for (const auto& attempt : of_this) {
    // They stopped the run, and since then the cause may be mended.
    if (is_infrastructure(attempt.evaluation.status) && policy_.stops_when_lost()) continue;
    if (!decide(trial, attempt)) continue;
    finish(trial.spec);
    finished_.push_back(attempt);
    return true;
  }
  return false;
}

/// What is to go on later keeps its checkpoint.
void TrialRunner::finish(const TrialSpec& spec) {
  if (spec.stop_after_epoch == 0) executor_.forget(spec.trial_id);
}

/// Counts the attempt; true: the result is final.
bool TrialRunner::decide(Pending& trial, const TrialResult& result) const {
  const TrialStatus status = result.evaluation.status;
  if (is_infrastructure(status)) return ++trial.losses > policy_.infrastructure_retries;
  if (!policy_.retried(status)) return true;
  return ++trial.failures > policy_.retries;
}

TrialRunner::Clock::duration TrialRunner::backoff(int attempt) const {
  const double seconds = policy_.backoff_s * static_cast<double>(1 << std::min(attempt, 6));
  return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

void TrialRunner::receive(TrialResult result) {
  result.evaluation = checked(std::move(result.evaluation));
  const auto found = pending_.find(result.id);
  if (found == pending_.end()) return;  // an earlier attempt of a trial that is decided
  Pending& trial = found->second;
  if (result.attempt < trial.first) return;  // of an earlier part of its training
  const bool complete = has_accuracy(result.evaluation.status);
  const bool late = result.attempt != trial.attempt || trial.retry_at.has_value();
  if (late && !complete) return;
  if (store_ != nullptr) store_->append_attempt(result, trial.network);
  if (!complete && !decide(trial, result)) {
    const auto pause = backoff(trial.attempt);
    spdlog::warn("trial {}, attempt {}: {}: {}; trying again", result.id, result.attempt,
                 enum_name(result.evaluation.status), result.evaluation.message);
    trial.retry_at = Clock::now() + pause;
    ++waiting_;
    return;
  }
  if (is_infrastructure(result.evaluation.status) && policy_.stops_when_lost()) {
    throw Error(ErrorKind::kIo, "trial " + std::to_string(result.id) + " was lost " +
                                    std::to_string(trial.losses) +
                                    " times, at last: " + result.evaluation.message +
                                    "; see failures.infrastructure_retries");
  }
  if (complete && !result.evaluation.message.empty())
    spdlog::warn("trial {}: {}", result.id, result.evaluation.message);
  if (late) executor_.cancel(result.id);  // the newer attempt is no longer needed
  finish(trial.spec);
  if (trial.retry_at) --waiting_;
  pending_.erase(found);
  finished_.push_back(result);
}

/// Starts what has waited long enough; how long the next one still has to.
std::chrono::milliseconds TrialRunner::start_due_retries() {
  std::chrono::milliseconds patience = kPatience;
  if (waiting_ == 0) return patience;
  const auto now = Clock::now();
  for (auto& [id, trial] : pending_) {
    if (!trial.retry_at) continue;
    if (*trial.retry_at > now) {
      const auto wait = std::chrono::ceil<std::chrono::milliseconds>(*trial.retry_at - now);
      patience = std::min(patience, wait);
      continue;
    }
    trial.retry_at.reset();
    --waiting_;
    executor_.submit({trial.spec, ++trial.attempt});
  }
  return patience;
}

std::optional<TrialResult> TrialRunner::next_finished() {
  if (finished_.empty()) return std::nullopt;
  TrialResult result = std::move(finished_.front());
  finished_.pop_front();
  return result;
}

std::optional<TrialResult> TrialRunner::ready() {
  if (finished_.empty() && executor_.in_flight() > 0) {
    if (auto result = executor_.next(std::chrono::milliseconds(0))) receive(std::move(*result));
  }
  return next_finished();
}

std::optional<TrialResult> TrialRunner::next() {
  while (true) {
    if (auto result = next_finished()) return result;
    // A failed attempt that is tried again is durable before its next one, which may take hours.
    if (store_ != nullptr) store_->commit();
    const auto patience = interrupts() > 0 ? kPatience : start_due_retries();
    if (executor_.in_flight() > 0) {
      if (const auto result = executor_.next(patience)) receive(*result);
    } else if (waiting_ > 0 && interrupts() == 0) {
      std::this_thread::sleep_for(patience);
    } else {
      return std::nullopt;
    }
  }
}

}  // namespace ridgeline
