#pragma once

#include <functional>
#include <memory>
#include <string>

#include "latency/measurement/device_run.h"

namespace ridgeline {

/// How fast the machine is at this moment: the time of one small fixed network (a plain, a fused
/// and a depthwise convolution with all that EfficientNets have around them) at one place.
class SpeedReference {
 public:
  explicit SpeedReference(const RunPlace& place);
  double ms();  ///< median of nine runs, now

 private:
  DeviceRun run_;
};

/// What counts as a disturbance, and what is done about it.
struct DriftRules {
  double interval_s = 2;  ///< after so much measuring the reference is timed again
  double drift = 0.08;    ///< most difference of the reference before and after an interval
  double slow = 0.15;     ///< most that the reference may be above the quickest so far
  double lost = 0.03;     ///< most of an interval that the process may be off its processor
  int attempts = 3;       ///< measurements that an item in disturbed intervals gets
};

struct CorrectedTiming {
  Timing timing;               ///< as measured
  double reference_ms = 0;     ///< mean of the reference before and after
  std::string disturbed = {};  ///< how, in words; empty: it was not
};

/// Measures items in intervals between two timings of the reference network. Items of a disturbed
/// interval are measured again later, up to `attempts` times; then the last measurement counts and
/// says that it was disturbed.
class DriftMeter {
 public:
  /// A place of several threads or a GPU has no figure for time off the processor.
  explicit DriftMeter(const RunPlace& place, DriftRules rules = {});
  /// With `reference_ms` and `lost_share` (since it was called last) of the caller's own.
  DriftMeter(DriftRules rules, std::function<double()> reference_ms,
             std::function<double()> lost_share);

  void measure(size_t items, const std::function<Timing(size_t item)>& measure,
               const std::function<void(size_t item, const CorrectedTiming& timing)>& done);

 private:
  std::string disturbance(double before_ms, double after_ms, double lost) const;

  DriftRules rules_;
  std::function<double()> reference_ms_, lost_share_;
  double quickest_ms_ = 0;
};

/// Times `run_ms` in intervals of half a second between two timings of the reference, each run
/// stated at the speed at which that takes `nominal_ms`, until `rules` are content with the
/// interval of all runs' median. Where at least half of the intervals were not disturbed, only
/// these count.
Timing time_drift_corrected(DriftMeter& meter, const TimingRules& rules, double nominal_ms,
                            const std::function<double()>& run_ms);

/// What the reference takes at `place` now: the lower quartile of a second or two of it, ms.
double present_speed(const RunPlace& place);

/// The speed that latencies are stated at: the lower quartile of a file's reference times, which is
/// that of the machine when it is left alone, were it so for a quarter of the time. Empty: 0.
double nominal_reference(std::vector<double> reference_ms);

}  // namespace ridgeline
