#pragma once

#include <filesystem>

#include "latency/measurement/drift_correction.h"
#include "latency/measurement/operator_table.h"
#include "latency/oracle.h"

namespace ridgeline {

/// Times units in their host networks at one place.
class UnitTimer {
 public:
  UnitTimer(RunPlace place, TimingRules rules) : place_(std::move(place)), rules_(rules) {}
  /// Throws `kInfeasible` where it does not fit into memory.
  Timing measure(const Network& network, const Unit& unit) const;

 private:
  RunPlace place_;
  TimingRules rules_;
};

OperatorEntry entry_of(const CorrectedTiming& measured);

/// Rules for one of thousands of units: their errors average out in a network, so each needs less.
TimingRules unit_rules(const TimingConfig& config);

/// The latency of a network as the sum of its units' measured times, corrected by the table's
/// whole-network term. A unit that the table lacks is measured and added to the file where this is
/// the table's device; elsewhere it is an `Error` (`kConfig`) that names it.
class TableOracle : public LatencyOracle {
 public:
  /// Throws `kConfig` where the table is not there or of another batch or precision than asked.
  explicit TableOracle(const LatencyConfig& config);

  Latency estimate(const Network& network) const override;
  std::string description() const override;
  int measured_on_demand() const { return measured_; }

 private:
  void measure_missing(const Network& network, const std::vector<Unit>& units) const;

  std::filesystem::path path_;
  TimingRules rules_;
  mutable OperatorTable table_;
  mutable int measured_ = 0;
  bool here_ = false;
};

}  // namespace ridgeline
