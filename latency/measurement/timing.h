#pragma once

#include <functional>
#include <string>
#include <vector>

namespace ridgeline {

/// When a series of timed runs is long enough: as soon as the 95 % confidence interval of the
/// median is no wider than `half_width` of it to either side, or at `max_runs` or `time_limit_s`.
struct TimingRules {
  int warmup = 3;            ///< untimed runs first
  int min_runs = 10;         ///< fewer than 6 have no 95 % interval, and get their range
  int max_runs = 200;        ///< of one attempt
  double half_width = 0.02;  ///< share of the median
  double time_limit_s = 10;  ///< of one attempt, in timed runs
  int attempts = 3;          ///< series that a noisy machine gets; the surest counts
};

/// The median of a series, how sure it is, and whether the machine was quiet meanwhile.
struct Timing {
  double median_ms = 0;
  double low_ms = 0, high_ms = 0;  ///< 95 % confidence interval of the median
  double spread_ms = 0;            ///< half the interquartile range
  int runs = 0;
  std::string noise = {};  ///< why the machine counts as noisy, in words; empty: it was quiet

  double relative_half_width() const { return (high_ms - low_ms) / (2 * median_ms); }
};

struct Interval {
  double low = 0, high = 0;
};

/// The distribution-free 95 % confidence interval of the median: order statistics k and n + 1 - k
/// with the largest k for which Binomial(n, 1/2) falls below k with probability 2.5 % at most.
/// Fewer than 6 values have none; they get their whole range. REQUIRES: sorted, not empty.
Interval median_interval(const std::vector<double>& sorted);

/// The figures of one series in the order of its runs. It was noisy where the interval is wider
/// than asked, the halves' medians differ by over twice the half-width asked, or over a twentieth
/// of the runs took over 1.5 times the median. REQUIRES: not empty, positive.
Timing judge(const std::vector<double>& series_ms, double half_width);

/// Times `run_ms`, which runs once and returns its milliseconds, until `rules` are content. A noisy
/// series is repeated; the one with the narrowest interval is returned.
Timing time_median(const TimingRules& rules, const std::function<double()>& run_ms);

}  // namespace ridgeline
