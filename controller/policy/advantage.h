#pragma once

#include <span>
#include <vector>

#include "controller/config.h"
#include "controller/policy/sorted_runs.h"
#include "controller/state.h"

namespace ridgeline {

/// Turns the rewards of a batch into advantages, and remembers what earlier batches were like.
/// `difference`: reward less the baseline, an exponential moving average of batch means; the first
/// batch is compared with its own mean, which also starts the average. `normalised`: that, divided
/// by the root of a moving average of its squares. `rank`: the share of all rewards so far that are
/// lower, spread over -1 to 1.
class Advantages {
 public:
  explicit Advantages(const PolicyGradientConfig& config)
      : kind_(config.advantage), decay_(config.baseline_decay) {}

  /// The advantages of a batch, by what is known before it (its own rewards included in the
  /// ranks); does not change anything.
  std::vector<double> of(std::span<const double> rewards) const;
  /// Learns the batch.
  void observe(std::span<const double> rewards);
  double baseline() const { return baseline_; }

  void save(StateWriter& writer) const;
  void restore(StateReader& reader);

 private:
  double baseline_before(std::span<const double> rewards) const;
  double spread_before(std::span<const double> rewards, double baseline) const;

  AdvantageKind kind_;
  double decay_;
  uint64_t batches_ = 0;
  double baseline_ = 0;  // meaningful after the first batch
  double square_ = 0;    // moving average of squared differences
  SortedRuns earlier_;   // all rewards so far; kept for ranks only
};

}  // namespace ridgeline
