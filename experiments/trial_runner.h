#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <optional>

#include "experiments/executors/executor.h"
#include "experiments/failures.h"

namespace ridgeline {

class TrialStore;

/// Brings trials to their one final result through an executor: tries failed attempts again as the
/// failure policy says. The decision depends on the attempts alone, so that a resumed run that
/// finds them in its store decides as the undisturbed one. A complete result counts whichever
/// attempt it is of (a trial is pure); a failure counts only while its attempt is the latest.
/// A trial that is lost too often gets no result where `failures.lost` is stop: `next` and `ready`
/// throw `kIo`, and a resumed run tries it as often again.
class TrialRunner {
 public:
  /// `executor` must outlive the runner.
  explicit TrialRunner(Executor& executor, FailureConfig policy = {})
      : executor_(executor), policy_(policy) {}

  /// Every attempt from now on is recorded in `store`, which must outlive the runner, and what it
  /// already holds of a trial is not done again.
  void record_in(TrialStore& store) { store_ = &store; }

  /// A trial that came back as `kStopped` may be submitted again, to go on.
  void submit(const TrialSpec& spec);
  /// A trial that came back as `kStopped` does not go on.
  void forget(uint64_t id) { executor_.forget(id); }
  /// A trial that is finished for good and can be had without waiting; nothing when none is. (An
  /// executor in this process evaluates one.)
  std::optional<TrialResult> ready();
  /// Waits for the next trial that is finished for good, in any order; nothing when none is left to
  /// wait for, or the user has stopped the run.
  std::optional<TrialResult> next();

 private:
  using Clock = std::chrono::steady_clock;
  struct Pending {
    TrialSpec spec;
    uint64_t network = 0;  ///< identity of what is evaluated
    int attempt = 0;       ///< the latest
    int first = 0;         ///< earlier ones are of another part of its training
    int failures = 0;      ///< of the trial itself
    int losses = 0;        ///< of its machine or job
    std::optional<Clock::time_point> retry_at = std::nullopt;
  };
  bool use_recorded(Pending& trial);
  void finish(const TrialSpec& spec);
  bool decide(Pending& trial, const TrialResult& result) const;
  void receive(TrialResult result);
  std::optional<TrialResult> next_finished();
  Clock::duration backoff(int attempt) const;
  std::chrono::milliseconds start_due_retries();

  Executor& executor_;
  FailureConfig policy_;
  TrialStore* store_ = nullptr;
  std::map<uint64_t, Pending> pending_;
  std::deque<TrialResult> finished_;
  size_t waiting_ = 0;  // pending trials with a retry_at
};

}  // namespace ridgeline
