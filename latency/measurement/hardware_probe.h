#pragma once

#include <functional>
#include <string>

#include "latency/hardware.h"
#include "latency/measurement/timing.h"

namespace ridgeline {

struct ProbeSettings {
  std::string name;  ///< of the hardware file
  std::string device = "cpu";
  int threads = 1;
  TimingRules rules = {
      .warmup = 5, .min_runs = 20, .max_runs = 200, .half_width = 0.01, .time_limit_s = 2};
};

/// Measures the device on which LibTorch runs: the best rates of matrix products and convolutions
/// per precision that the device has, of a depthwise convolution within the cache, of a triad far
/// beyond it, and the time of an operator that has nothing to do. Every figure's `source` says how
/// it was got; what is not measured stays neutral, to be calibrated. Takes about half a minute.
/// `note` hears of each figure. Throws `kConfig` for a device that is not there.
Hardware probe_hardware(const ProbeSettings& settings,
                        const std::function<void(const std::string&)>& note);

}  // namespace ridgeline
