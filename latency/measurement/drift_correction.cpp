#include "latency/measurement/drift_correction.h"

#include <time.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <deque>

#include "core/units.h"
#include "runtime/device.h"

namespace ridgeline {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kReferenceRuns = 9;
constexpr int kReferenceBatch = 8;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// A stem, a fused convolution and a depthwise block: some 20 ms on a core, bound by the matrix
/// unit, the vector unit and memory one after another, as the networks are.
Network reference_network() {
  NetworkBuilder builder("speed reference", {3, 96, 96});
  const auto layer = [&](const char* name, int from, const Conv2d& conv) {
    return builder.conv_bn_act(name, from, conv, BatchNorm{}, ActivationKind::kSwish);
  };
  int x = layer("stem", builder.input(),
                {.out_channels = 32, .kernel_h = 3, .kernel_w = 3, .stride = 2});
  const int narrow =
      layer("fused", x, {.out_channels = 64, .kernel_h = 3, .kernel_w = 3, .stride = 2});
  x = layer("expand", narrow, {.out_channels = 256});
  x = layer("depthwise", x, {.out_channels = 256, .kernel_h = 5, .kernel_w = 5, .groups = 256});
  x = builder.squeeze_excite("gate", x, 16, ActivationKind::kSwish);
  x = builder.conv_bn("project", x, {.out_channels = 64}, BatchNorm{});
  builder.add("add", Add{}, {x, narrow});
  return std::move(builder).build();
}

RunPlace reference_place(RunPlace place) {
  place.batch = kReferenceBatch;
  return place;
}

double processor_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

/// With one thread, all time in which the process did not run is somebody else's.
std::function<double()> lost_share_at(const RunPlace& place) {
  if (place.threads != 1 || !device_from_text(place.device).is_cpu()) return [] { return 0.0; };
  return [wall = Clock::now(), processor = processor_seconds()]() mutable {
    const double passed = seconds_since(wall), ran = processor_seconds() - processor;
    wall = Clock::now(), processor = processor_seconds();
    return passed > 0 ? std::max(0.0, 1 - ran / passed) : 0.0;
  };
}

}  // namespace

SpeedReference::SpeedReference(const RunPlace& place)
    : run_(reference_place(place), reference_network()) {}

double SpeedReference::ms() {
  return time_median(
             {.warmup = 1, .min_runs = kReferenceRuns, .max_runs = kReferenceRuns, .attempts = 1},
             [&] { return run_.run_ms(); })
      .median_ms;
}

DriftMeter::DriftMeter(const RunPlace& place, DriftRules rules)
    : DriftMeter(
          rules, [reference = std::make_shared<SpeedReference>(place)] { return reference->ms(); },
          lost_share_at(place)) {}

DriftMeter::DriftMeter(DriftRules rules, std::function<double()> reference_ms,
                       std::function<double()> lost_share)
    : rules_(rules), reference_ms_(std::move(reference_ms)), lost_share_(std::move(lost_share)) {}

std::string DriftMeter::disturbance(double before_ms, double after_ms, double lost) const {
  const double drift = after_ms / before_ms - 1;
  if (lost > rules_.lost) return "off the processor for " + format_percent(lost) + " of the time";
  if (std::abs(drift) > rules_.drift)
    return "the machine's speed changed by " + format_percent(drift);
  const double slow = std::max(before_ms, after_ms) / quickest_ms_ - 1;
  if (slow > rules_.slow)
    return "the machine was slower by " + format_percent(slow) + " than at its best";
  return {};
}

void DriftMeter::measure(
    size_t items, const std::function<Timing(size_t item)>& measure,
    const std::function<void(size_t item, const CorrectedTiming& timing)>& done) {
  struct Pending {
    size_t item;
    int attempts = 0;
    Timing timing = {};
  };
  if (items == 0) return;
  std::deque<Pending> queue;
  for (size_t i = 0; i < items; ++i) queue.push_back({i});
  double before = reference_ms_();
  if (quickest_ms_ <= 0) quickest_ms_ = before;
  while (!queue.empty()) {
    std::vector<Pending> interval;
    lost_share_();
    const auto start = Clock::now();
    do {
      interval.push_back(queue.front());
      queue.pop_front();
      interval.back().timing = measure(interval.back().item);
      ++interval.back().attempts;
    } while (!queue.empty() && seconds_since(start) < rules_.interval_s);
    const double lost = lost_share_();
    const double after = reference_ms_();
    quickest_ms_ = std::min(quickest_ms_, after);
    const std::string disturbed = disturbance(before, after, lost);
    for (const Pending& pending : interval) {
      if (!disturbed.empty() && pending.attempts < rules_.attempts) {
        queue.push_back(pending);
      } else {
        done(pending.item, {pending.timing, (before + after) / 2, disturbed});
      }
    }
    before = after;
  }
}

namespace {

constexpr double kIntervalMs = 500;

struct TimedInterval {
  std::vector<double> runs_ms;
  double reference_ms = 0;
  std::string disturbed = {};
};

TimedInterval timed_interval(DriftMeter& meter, int min_runs,
                             const std::function<double()>& run_ms) {
  TimedInterval interval;
  const auto runs = [&](size_t) {
    run_ms();  // the reference has filled the caches
    interval.runs_ms.clear();
    for (double spent = 0;
         spent < kIntervalMs || static_cast<int>(interval.runs_ms.size()) < min_runs;) {
      interval.runs_ms.push_back(run_ms());
      spent += interval.runs_ms.back();
    }
    return Timing{};
  };
  meter.measure(1, runs, [&](size_t, const CorrectedTiming& measured) {
    interval.reference_ms = measured.reference_ms;
    interval.disturbed = measured.disturbed;
  });
  return interval;
}

/// All runs of the intervals that count, at one speed.
Timing judge_intervals(const std::vector<TimedInterval>& intervals, double nominal_ms,
                       double half_width) {
  std::vector<double> quiet, all;
  size_t disturbed = 0;
  std::string why;
  for (const TimedInterval& interval : intervals) {
    for (const double ms : interval.runs_ms) {
      all.push_back(ms * nominal_ms / interval.reference_ms);
      if (interval.disturbed.empty()) quiet.push_back(all.back());
    }
    if (interval.disturbed.empty()) continue;
    why = interval.disturbed;
    ++disturbed;
  }
  if (2 * disturbed <= intervals.size()) return judge(quiet, half_width);
  Timing timing = judge(all, half_width);
  timing.noise = std::to_string(disturbed) + " of " + std::to_string(intervals.size()) +
                 " intervals were disturbed: " + why;
  return timing;
}

}  // namespace

Timing time_drift_corrected(DriftMeter& meter, const TimingRules& rules, double nominal_ms,
                            const std::function<double()>& run_ms) {
  constexpr size_t kMinIntervals = 2;
  for (int i = 0; i < rules.warmup; ++i) run_ms();
  std::vector<TimedInterval> intervals;
  size_t runs = 0;
  double spent_ms = 0;
  for (;;) {
    intervals.push_back(timed_interval(meter, (rules.min_runs + 1) / 2, run_ms));
    runs += intervals.back().runs_ms.size();
    for (const double ms : intervals.back().runs_ms) spent_ms += ms;
    if (intervals.size() < kMinIntervals) continue;
    Timing timing = judge_intervals(intervals, nominal_ms, rules.half_width);
    const bool sure = timing.relative_half_width() <= rules.half_width;
    const bool out =
        static_cast<int>(runs) >= rules.max_runs || spent_ms > 1e3 * rules.time_limit_s;
    if (sure || out) return timing;
  }
}

double present_speed(const RunPlace& place) {
  constexpr int kTimings = 12;
  SpeedReference reference(place);
  std::vector<double> reference_ms;
  for (int i = 0; i < kTimings; ++i) reference_ms.push_back(reference.ms());
  return nominal_reference(std::move(reference_ms));
}

double nominal_reference(std::vector<double> reference_ms) {
  if (reference_ms.empty()) return 0;
  std::sort(reference_ms.begin(), reference_ms.end());
  return reference_ms[(reference_ms.size() - 1) / 4];
}

}  // namespace ridgeline
