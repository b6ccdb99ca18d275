#include "latency/steady.h"

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
/// unit, the vector unit and memory in turns, as the networks are.
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

std::string percent(double share) { return format_fixed(100 * share, 1) + " %"; }

}  // namespace

SpeedReference::SpeedReference(const RunPlace& place)
    : run_(reference_place(place), reference_network()) {}

double SpeedReference::ms() {
  return time_median(
             {.warmup = 1, .min_runs = kReferenceRuns, .max_runs = kReferenceRuns, .attempts = 1},
             [&] { return run_.run_ms(); })
      .median_ms;
}

SteadyMeter::SteadyMeter(const RunPlace& place, SteadyRules rules)
    : SteadyMeter(
          rules, [reference = std::make_shared<SpeedReference>(place)] { return reference->ms(); },
          lost_share_at(place)) {}

SteadyMeter::SteadyMeter(SteadyRules rules, std::function<double()> reference_ms,
                         std::function<double()> lost_share)
    : rules_(rules), reference_ms_(std::move(reference_ms)), lost_share_(std::move(lost_share)) {}

std::string SteadyMeter::disturbance(double before_ms, double after_ms, double lost) const {
  const double drift = after_ms / before_ms - 1;
  if (lost > rules_.lost) return "off the processor for " + percent(lost) + " of the time";
  if (std::abs(drift) > rules_.drift) return "the machine's speed changed by " + percent(drift);
  const double slow = std::max(before_ms, after_ms) / quickest_ms_ - 1;
  if (slow > rules_.slow) return "the machine was slower by " + percent(slow) + " than at its best";
  return {};
}

void SteadyMeter::measure(
    size_t items, const std::function<Timing(size_t item)>& measure,
    const std::function<void(size_t item, const SteadyTiming& timing)>& done) {
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
    std::vector<Pending> spell;
    lost_share_();
    const auto start = Clock::now();
    do {
      spell.push_back(queue.front());
      queue.pop_front();
      spell.back().timing = measure(spell.back().item);
      ++spell.back().attempts;
    } while (!queue.empty() && seconds_since(start) < rules_.spell_s);
    const double lost = lost_share_();
    const double after = reference_ms_();
    quickest_ms_ = std::min(quickest_ms_, after);
    const std::string disturbed = disturbance(before, after, lost);
    for (const Pending& pending : spell) {
      if (!disturbed.empty() && pending.attempts < rules_.attempts) {
        queue.push_back(pending);
      } else {
        done(pending.item, {pending.timing, (before + after) / 2, disturbed});
      }
    }
    before = after;
  }
}

double nominal_reference(std::vector<double> reference_ms) {
  if (reference_ms.empty()) return 0;
  std::sort(reference_ms.begin(), reference_ms.end());
  return reference_ms[(reference_ms.size() - 1) / 4];
}

}  // namespace ridgeline
