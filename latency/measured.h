#pragma once

#include <vector>

#include "latency/config.h"
#include "latency/oracle.h"

namespace ridgeline {

/// Runs the network itself in inference on this machine: random weights and images from a fixed
/// seed, channels-last, `warmup` untimed then `repeats` timed runs, CUDA synchronised around each;
/// the median counts. Logs a warning where the spread exceeds 10 % of the median. W and Q are
/// those of the operators one by one; E is unknown and stays 0.
class MeasuredOracle : public LatencyOracle {
 public:
  /// Uses batch, precision (default fp32), device, threads, warmup and repeats. Throws `kConfig`
  /// for a device or precision that is not there.
  explicit MeasuredOracle(const LatencyConfig& config);
  Latency estimate(const Network& network) const override;
  std::string description() const override;

 private:
  LatencyConfig config_;
  Precision precision_;
  std::string device_text_;
};

struct Repeats {
  double median = 0;
  double spread = 0;  ///< half the interquartile range, quartiles interpolated linearly
};
/// REQUIRES: at least one value.
Repeats summarize(std::vector<double> values);

}  // namespace ridgeline
