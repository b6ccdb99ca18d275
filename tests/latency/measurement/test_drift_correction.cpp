#include "latency/measurement/drift_correction.h"
#include "tests/catch.h"

using namespace ridgeline;

namespace {

/// A machine whose reference times and lost shares are played back; each item is a interval of its
/// own, and its n-th measurement takes 100 * item + n ms.
struct Playback {
  std::vector<double> reference_ms, lost = {};
  std::vector<size_t> order = {};
  std::vector<std::pair<size_t, CorrectedTiming>> done = {};

  void measure(size_t items, DriftRules rules = {.interval_s = 0}) {
    size_t references = 0, looks = 0;
    DriftMeter meter(
        rules, [&] { return reference_ms.at(std::min(references++, reference_ms.size() - 1)); },
        // Looked at before and after each interval: the second tells its share.
        [&] {
          const size_t interval = looks++ / 2;
          return interval < lost.size() && looks % 2 == 0 ? lost[interval] : 0.0;
        });
    std::map<size_t, int> count;
    meter.measure(
        items,
        [&](size_t item) {
          order.push_back(item);
          return Timing{.median_ms = 100.0 * static_cast<double>(item) + ++count[item]};
        },
        [&](size_t item, const CorrectedTiming& timing) { done.emplace_back(item, timing); });
  }
};

}  // namespace

TEST_CASE("on a steady machine each item is measured once, with the speed about then") {
  Playback machine{.reference_ms = {10, 10.2, 10}};
  machine.measure(2);
  CHECK(machine.order == std::vector<size_t>{0, 1});
  REQUIRE(machine.done.size() == 2);
  CHECK(machine.done[1].first == 1);
  CHECK(machine.done[1].second.timing.median_ms == 101);
  CHECK(machine.done[1].second.reference_ms == Approx(10.1));
  CHECK(machine.done[1].second.disturbed.empty());
}

TEST_CASE("what met a change of speed is measured again after the others") {
  Playback machine{.reference_ms = {10, 11.2, 11.2, 11.2}};  // within 15 % of the best
  machine.measure(2);
  CHECK(machine.order == std::vector<size_t>{0, 1, 0});
  CHECK(machine.done.at(1).first == 0);
  CHECK(machine.done.at(1).second.timing.median_ms == 2);  // the second counts
  CHECK(machine.done.at(1).second.disturbed.empty());
}

TEST_CASE(
    "a machine that stays slower than it was is a disturbance, and the last attempt says so") {
  Playback machine{.reference_ms = {10, 12}};
  machine.measure(1);
  CHECK(machine.order.size() == 3);
  REQUIRE(machine.done.size() == 1);
  CHECK(machine.done[0].second.timing.median_ms == 3);
  CHECK(machine.done[0].second.reference_ms == 12);
  CHECK(machine.done[0].second.disturbed == "the machine was slower by 20.0 % than at its best");
}

TEST_CASE("time off the processor is a disturbance, and one attempt may be all") {
  Playback machine{.reference_ms = {10}, .lost = {0.1, 0.02}};
  machine.measure(2, {.interval_s = 0, .attempts = 1});
  REQUIRE(machine.done.size() == 2);
  CHECK(machine.done[0].second.disturbed == "off the processor for 10.0 % of the time");
  CHECK(machine.done[1].second.disturbed.empty());
}

TEST_CASE("a interval of several items stands or falls as a whole") {
  Playback machine{.reference_ms = {10, 12, 10, 10}};
  machine.measure(2, {.interval_s = 1e9});
  CHECK(machine.order == std::vector<size_t>{0, 1, 0, 1, 0, 1});
  CHECK(machine.done.size() == 2);
}

TEST_CASE("a network's runs are stated at one speed, whatever the machine's was") {
  // A machine that works at half its speed from the first interval on, and says so.
  for (const double slowness : {1.0, 2.0}) {
    DriftMeter meter(
        {}, [&] { return 10 * slowness; }, [] { return 0.0; });
    const Timing timing = time_drift_corrected(meter, {.warmup = 1, .min_runs = 6}, 10,
                                               [&] { return 100 * slowness; });
    CHECK(timing.median_ms == Approx(100));
    CHECK(timing.runs >= 6);
    CHECK(timing.noise.empty());
  }
}

TEST_CASE("runs of a disturbed interval count only where most intervals were disturbed") {
  int calls = 0;
  // Intervals 1 and 2 steady, each between two references; from the fifth reference on each
  // differs.
  const auto wild = [&](int first) {
    return [&calls, first] { return ++calls < first ? 10.0 : 10.0 + 3 * (calls % 2); };
  };
  const TimingRules rules{.warmup = 0, .min_runs = 6, .max_runs = 20, .half_width = 1e-6};
  int runs = 0;
  const auto run_ms = [&] { return 100.0 + runs++ % 3; };
  DriftMeter half({.attempts = 1}, wild(5), [] { return 0.0; });
  CHECK(time_drift_corrected(half, rules, 10, run_ms).noise.find("disturbed") == std::string::npos);
  calls = 0;
  DriftMeter none({.attempts = 1}, wild(1), [] { return 0.0; });
  CHECK_THAT(time_drift_corrected(none, rules, 10, run_ms).noise,
             Catch::Contains("intervals were disturbed: the machine's speed changed by"));
}

TEST_CASE("the speed that latencies are stated at is the lower quartile") {
  CHECK(nominal_reference({}) == 0);
  CHECK(nominal_reference({7}) == 7);
  CHECK(nominal_reference({5, 1, 4, 2, 3}) == 2);
}

TEST_CASE("the reference network runs, at any batch of the place that it stands for") {
  SpeedReference reference({.batch = 3});
  CHECK(reference.ms() > 0);
}
