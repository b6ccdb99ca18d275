#pragma once

#include "latency/device_run.h"
#include "latency/oracle.h"

namespace ridgeline {

/// Runs the network itself in inference on this machine (see `DeviceRun`) until the median is as
/// sure as the configuration asks (see `TimingRules`); a noisy machine gets three tries and a
/// warning, and the latency says so. W and Q are those of the operators one by one; E is unknown
/// and stays 0.
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
};

/// W, Q and I of `latency`'s batch and precision when every operator reads and writes memory.
void count_work(const Network& network, Latency& latency);

}  // namespace ridgeline
