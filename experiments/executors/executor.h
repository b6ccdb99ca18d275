#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "experiments/store/attempt.h"

namespace ridgeline {

/// One try at a trial. (spec.trial_id, attempt) identifies it; the result of any attempt is the
/// trial's.
struct TrialJob {
  TrialSpec spec;
  int attempt = 0;
};

/// Where trials run: this process, local processes, a cluster. A trial is pure, so it does not
/// matter where, in which order, or how often; whether a failed one is tried again is the
/// `TrialRunner`'s business.
class Executor {
 public:
  virtual ~Executor() = default;
  /// Queues a job. Throws `kIo` when the engine does not take it.
  virtual void submit(const TrialJob& job) = 0;
  /// The next finished job, in any order; nothing when none finished within `patience`. After a
  /// first interrupt no queued job is started; after a second, running jobs are killed.
  virtual std::optional<TrialResult> next(std::chrono::milliseconds patience) = 0;
  /// Jobs that were submitted and will still give a result: 0 means that `next` never will.
  virtual size_t in_flight() const = 0;
  /// Withdraws a job that is queued or running; it gives no result. Unknown ids are ignored.
  virtual void cancel(uint64_t id) = 0;
  /// The trial is decided and recorded: what was kept for another attempt may go.
  virtual void forget(uint64_t /*id*/) {}
  /// Why jobs are waiting, in words ("3 queued: Resources"); empty when none is.
  virtual std::string waiting() const { return {}; }
};

}  // namespace ridgeline
