#pragma once

#include "latency/measurement/device_run.h"
#include "latency/oracle.h"

namespace ridgeline {

/// Runs the network itself in inference on this machine (see `DeviceRun`) until the median is as
/// sure as the configuration asks (see `TimingRules`). On a CPU it is stated at one speed of the
/// machine (`latency.drift_correction`, see `time_drift_corrected`); else a noisy series gets three
/// tries. What stays noisy gets a warning, and the latency says so. W and Q are those of the
/// operators one by one; E is unknown and stays 0.
class MeasuredOracle : public LatencyOracle {
 public:
  /// Throws `kConfig` for a device or precision that is not there.
  explicit MeasuredOracle(const LatencyConfig& config);
  Latency estimate(const Network& network) const override;
  std::string description() const override;

 private:
  RunPlace place_;
  TimingRules rules_;
  std::string device_text_;
  bool drift_corrected_;
  mutable double nominal_ms_;  ///< the speed to state latencies at; 0: not looked at yet
};

/// `config` with the speed that its latencies are to be stated at: `recorded_ms`, or where that is
/// absent the machine's at present; as it is where it needs none.
LatencyConfig at_one_speed(LatencyConfig config, std::optional<double> recorded_ms);

}  // namespace ridgeline
