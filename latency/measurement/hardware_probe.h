#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "latency/hardware.h"
#include "latency/measurement/timing.h"

namespace ridgeline {

struct ProbeSettings {
  std::string name;  ///< of the hardware file
  std::string device = "cpu";
  int threads = 1;
  TimingRules rules = {.warmup = 5,
                       .min_runs = 20,
                       .max_runs = 200,
                       .half_width = 0.01,
                       .time_limit_s = 2,
                       .attempts = 1};
  double time_limit_s = 120;  ///< for all figures; each gets an equal share of what is left
  /// Every figure is written here as soon as it is measured, and those that are there are not
  /// measured again. Empty: none.
  std::filesystem::path journal = {};
  /// Hears of each rate: how many of how many are done, and what was measured.
  std::function<void(int done, int total, const std::string& what)> progress = {};
};

/// `rules` for work of which one run takes `run_s`, so that the series ends within about `share_s`:
/// down to a single run.
TimingRules rules_within(TimingRules rules, double share_s, double run_s);

/// Measures the device on which LibTorch runs: the best rates of matrix products and convolutions
/// per precision that the device has, of a depthwise convolution within the cache, of a triad far
/// beyond it, and the time of an operator that has nothing to do. Every figure's `source` says how
/// it was got; what is not measured stays neutral, to be calibrated. Ends within
/// about `time_limit_s`, and one run of each work. `note` hears of each figure. Throws `kConfig`
/// for a device that is not there.
Hardware probe_hardware(const ProbeSettings& settings,
                        const std::function<void(const std::string&)>& note);

}  // namespace ridgeline
