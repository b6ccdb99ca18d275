#include "latency/measurement/timing.h"
#include "tests/catch.h"

using namespace ridgeline;

namespace {

std::vector<double> one_to(int n) {
  std::vector<double> values;
  for (int i = 1; i <= n; ++i) values.push_back(i);
  return values;
}

/// Plays a series over and over, and counts.
struct Player {
  std::vector<double> series;
  size_t played = 0;
  double operator()() { return series[played++ % series.size()]; }
};

}  // namespace

TEST_CASE("the interval of a median takes the ranks that tables of the sign test give") {
  const auto ranks = [](int n) {
    const Interval interval = median_interval(one_to(n));
    return std::pair<double, double>(interval.low, interval.high);
  };
  // 2^-5 = 3.1 % is over 2.5 %: five values have no 95 % interval, and get their range.
  CHECK(ranks(1) == std::pair(1.0, 1.0));
  CHECK(ranks(5) == std::pair(1.0, 5.0));
  CHECK(ranks(6) == std::pair(1.0, 6.0));    // 2^-6 = 1.6 %
  CHECK(ranks(8) == std::pair(1.0, 8.0));    // 9 / 256 = 3.5 % forbids rank 2
  CHECK(ranks(9) == std::pair(2.0, 8.0));    // 10 / 512 = 2.0 %
  CHECK(ranks(10) == std::pair(2.0, 9.0));   // 11 / 1024 = 1.1 %, 56 / 1024 = 5.5 %
  CHECK(ranks(20) == std::pair(6.0, 15.0));  // 2.07 % and 5.77 %
  CHECK(ranks(100) == std::pair(40.0, 61.0));
  CHECK(ranks(5000).first == Approx(2431).margin(1));  // 2500 - 1.96 sqrt(5000) / 2 = 2430.7
}

TEST_CASE("median and half the interquartile range by hand") {
  const Timing odd = judge({9, 1, 3, 2, 4}, 0.02);
  CHECK(odd.median_ms == 3);
  CHECK(odd.spread_ms == 1);  // quartiles 2 and 4
  CHECK(odd.low_ms == 1);
  CHECK(odd.high_ms == 9);
  const Timing even = judge({4, 1, 2, 3}, 0.02);
  CHECK(even.median_ms == 2.5);
  CHECK(even.spread_ms == 0.75);  // quartiles 1.75 and 3.25
  CHECK(judge({7}, 0.02).spread_ms == 0);
}

TEST_CASE("a quiet series is not called noisy, and each kind of noise is named") {
  CHECK(judge(std::vector<double>(20, 5.0), 0.02).noise.empty());
  CHECK(judge({10, 10.1, 10, 9.9, 10, 10.1, 10, 10, 9.9, 10}, 0.02).noise.empty());

  const std::vector<double> wide{10, 12, 10, 12, 10, 12, 10, 12, 10, 12};
  CHECK(judge(wide, 0.02).noise == "the median is known to +-9.1 % only, not +-2.0 %");

  // A slow ramp from 10 to 11: ranks 40 and 61 are +-1.0 %, the halves' medians 0.5 apart.
  std::vector<double> drifting;
  for (int i = 0; i < 100; ++i) drifting.push_back(10 + 0.01 * i);
  CHECK(judge(drifting, 0.02).noise == "it drifted by 4.8 % between the halves of the series");

  std::vector<double> bursts(18, 10.0);
  bursts.insert(bursts.begin() + 4, 16);
  bursts.insert(bursts.begin() + 14, 16);
  CHECK(judge(bursts, 0.02).noise == "10.0 % of the runs took over 1.5 medians");
}

TEST_CASE("timing stops as soon as the median is sure") {
  Player steady{{10.0}};
  const Timing timing = time_median({.warmup = 3, .min_runs = 10}, std::ref(steady));
  CHECK(timing.runs == 10);
  CHECK(steady.played == 13);
  CHECK(timing.median_ms == 10);
  CHECK(timing.noise.empty());
}

TEST_CASE("timing goes on while the median is unsure, until the runs or the time are spent") {
  Player unsure{{10, 12}};
  const Timing runs =
      time_median({.warmup = 0, .min_runs = 10, .max_runs = 50, .half_width = 0.02, .attempts = 1},
                  std::ref(unsure));
  CHECK(runs.runs == 50);
  CHECK(runs.noise != "");

  Player slow{{100, 120}};
  const Timing time =
      time_median({.warmup = 0, .min_runs = 10, .time_limit_s = 2, .attempts = 1}, std::ref(slow));
  CHECK(time.runs == 19);  // 9 pairs of 220 ms and one of 100 ms are the first over 2 s
}

TEST_CASE("a noisy series is repeated and the surest one kept") {
  Player player{{}};
  player.series.assign(10, 10.0);
  for (size_t i = 0; i < 10; i += 2) player.series[i] = 13.0;
  player.series.insert(player.series.end(), 10, 11.0);
  const Timing timing =
      time_median({.warmup = 0, .min_runs = 10, .max_runs = 10}, std::ref(player));
  CHECK(player.played == 20);
  CHECK(timing.median_ms == 11);
  CHECK(timing.noise.empty());

  Player hopeless{{10, 14, 10, 14, 10, 14, 10, 14, 10, 14, 10, 12, 10, 12, 10, 12, 10, 12, 10, 12}};
  const Timing best =
      time_median({.warmup = 0, .min_runs = 10, .max_runs = 10, .attempts = 2}, std::ref(hopeless));
  CHECK(best.median_ms == 11);  // of the second series, whose interval is 10 to 12
  CHECK(best.noise != "");
}
