#include "latency/measurement/timing.h"

#include <algorithm>
#include <cmath>

#include "core/units.h"

namespace ridgeline {
namespace {

constexpr double kTail = 0.025;
constexpr double kOutlier = 1.5;
constexpr double kOutlierShare = 0.05;
constexpr size_t kDriftRuns = 12;  // halves of fewer than 6 runs tell nothing

double quantile(const std::vector<double>& sorted, double share) {
  const double position = share * static_cast<double>(sorted.size() - 1);
  const auto low = static_cast<size_t>(std::floor(position));
  const size_t high = std::min(low + 1, sorted.size() - 1);
  return sorted[low] + (position - std::floor(position)) * (sorted[high] - sorted[low]);
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return quantile(values, 0.5);
}

std::string noise_of(const std::vector<double>& series, const Timing& timing, double half_width) {
  if (timing.relative_half_width() > half_width) {
    return "the median is known to +-" + format_percent(timing.relative_half_width()) +
           " only, not +-" + format_percent(half_width);
  }
  const auto middle = series.begin() + static_cast<std::ptrdiff_t>(series.size() / 2);
  if (series.size() >= kDriftRuns) {
    const double drift =
        (median({middle, series.end()}) - median({series.begin(), middle})) / timing.median_ms;
    if (std::abs(drift) > 2 * half_width)
      return "it drifted by " + format_percent(drift) + " between the halves of the series";
  }
  const auto slow = std::count_if(series.begin(), series.end(),
                                  [&](double ms) { return ms > kOutlier * timing.median_ms; });
  const double share = static_cast<double>(slow) / static_cast<double>(series.size());
  if (share > kOutlierShare)
    return format_percent(share) + " of the runs took over " + format_fixed(kOutlier, 1) +
           " medians";
  return {};
}

std::vector<double> one_series(const TimingRules& rules, const std::function<double()>& run_ms) {
  std::vector<double> series;
  double spent_ms = 0;
  // Looked at in growing steps: a look after every run would stop at the luckiest moment.
  size_t next_look = static_cast<size_t>(rules.min_runs);
  while (static_cast<int>(series.size()) < rules.max_runs) {
    series.push_back(run_ms());
    spent_ms += series.back();
    const bool enough = static_cast<int>(series.size()) >= rules.min_runs;
    if (enough && spent_ms > 1e3 * rules.time_limit_s) break;
    if (series.size() < next_look) continue;
    next_look += next_look / 4 + 1;
    std::vector<double> sorted = series;
    std::sort(sorted.begin(), sorted.end());
    const auto [low, high] = median_interval(sorted);
    if (high - low <= 2 * rules.half_width * quantile(sorted, 0.5)) break;
  }
  return series;
}

}  // namespace

Interval median_interval(const std::vector<double>& sorted) {
  const size_t n = sorted.size();
  // P(Binomial(n, 1/2) <= k), term by term in logarithms: 2^-n underflows.
  double log_term = -static_cast<double>(n) * std::log(2.0), below = 0;
  size_t k = 0;
  for (; k < n / 2; ++k) {
    below += std::exp(log_term);
    if (below > kTail) break;
    log_term += std::log(static_cast<double>(n - k)) - std::log(static_cast<double>(k + 1));
  }
  // k values may be left out at either end, less one: ranks k and n + 1 - k, counted from 1.
  const size_t rank = k == 0 ? 1 : k;
  return {sorted[rank - 1], sorted[n - rank]};
}

Timing judge(const std::vector<double>& series_ms, double half_width) {
  std::vector<double> sorted = series_ms;
  std::sort(sorted.begin(), sorted.end());
  const Interval interval = median_interval(sorted);
  Timing timing{.median_ms = quantile(sorted, 0.5),
                .low_ms = interval.low,
                .high_ms = interval.high,
                .spread_ms = (quantile(sorted, 0.75) - quantile(sorted, 0.25)) / 2,
                .runs = static_cast<int>(sorted.size())};
  timing.noise = noise_of(series_ms, timing, half_width);
  return timing;
}

Timing time_median(const TimingRules& rules, const std::function<double()>& run_ms) {
  for (int i = 0; i < rules.warmup; ++i) run_ms();
  Timing best;
  for (int attempt = 0; attempt < std::max(1, rules.attempts); ++attempt) {
    const Timing timing = judge(one_series(rules, run_ms), rules.half_width);
    if (attempt == 0 || timing.noise.empty() ||
        timing.relative_half_width() < best.relative_half_width())
      best = timing;
    if (best.noise.empty()) break;
  }
  return best;
}

}  // namespace ridgeline
