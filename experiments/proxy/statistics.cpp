#include "experiments/proxy/statistics.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "core/error.h"
#include "core/parallel.h"
#include "core/random.h"
#include "core/rank_correlation.h"
#include "core/units.h"

namespace ridgeline {
namespace {

constexpr size_t kFewestForRanks = 3;

void check_scores(const SeedScores& scores, const std::string& name) {
  for (size_t i = 0; i < scores.size(); ++i) {
    const std::string where = name + " scores of network " + std::to_string(i);
    if (scores[i].empty()) throw Error(ErrorKind::kData, where + ": there are none");
    if (scores[i].size() != scores[0].size()) {
      throw Error(ErrorKind::kData, where + ": " + std::to_string(scores[i].size()) +
                                        " seeds, but the first network has " +
                                        std::to_string(scores[0].size()));
    }
    for (const double score : scores[i]) {
      if (!std::isfinite(score))
        throw Error(ErrorKind::kData, where + ": " + std::to_string(score) + " is not finite");
    }
  }
}

double variance(const std::vector<double>& values) {
  if (values.size() < 2) return 0;
  double mean = 0, sum = 0;
  for (const double value : values) mean += value / static_cast<double>(values.size());
  for (const double value : values) sum += (value - mean) * (value - mean);
  return sum / static_cast<double>(values.size() - 1);
}

std::vector<double> of_seed(const SeedScores& scores, size_t seed) {
  std::vector<double> column;
  for (const auto& network : scores) column.push_back(network[seed]);
  return column;
}

SeedNoise seed_noise(const SeedScores& scores) {
  const size_t seeds = scores[0].size();
  SeedNoise noise{.seeds = static_cast<int>(seeds),
                  .between = std::sqrt(variance(seed_means(scores)))};
  if (seeds < 2) return noise;
  double within = 0, repeat = 0;
  for (const auto& network : scores)
    within += variance(network) / static_cast<double>(scores.size());
  for (size_t i = 0; i < seeds; ++i) {
    for (size_t j = 0; j < i; ++j) repeat += kendall(of_seed(scores, i), of_seed(scores, j));
  }
  noise.within = std::sqrt(within);
  noise.repeat = repeat / (0.5 * static_cast<double>(seeds * (seeds - 1)));
  return noise;
}

double single_kendall(const SeedScores& proxy, const SeedScores& full) {
  const std::vector<double> means = seed_means(full);
  const size_t seeds = proxy[0].size();
  double sum = 0;
  for (size_t i = 0; i < seeds; ++i) sum += kendall(of_seed(proxy, i), means);
  return sum / static_cast<double>(seeds);
}

/// The value below which the share `q` of the sorted `values` lies, linear between two of them.
double quantile(const std::vector<double>& values, double q) {
  const double place = q * static_cast<double>(values.size() - 1);
  const auto below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, values.size() - 1);
  const double part = place - static_cast<double>(below);
  return values[below] + part * (values[above] - values[below]);
}

/// Several statistics of the same networks, each with its bootstrap interval.
std::vector<Estimate> bootstrap(
    size_t networks, uint64_t seed, int resamples,
    const std::function<std::vector<double>(const std::vector<size_t>&)>& statistics) {
  std::vector<size_t> all(networks);
  for (size_t i = 0; i < networks; ++i) all[i] = i;
  const std::vector<double> values = statistics(all);
  std::vector<std::vector<double>> drawn(static_cast<size_t>(resamples));
  parallel_for(drawn.size(), [&](size_t draw) {
    RandomStream stream(seed, draw, "bootstrap of networks");
    std::vector<size_t> chosen(networks);
    for (size_t& index : chosen)
      index = static_cast<size_t>(stream.below(static_cast<int>(networks)));
    drawn[draw] = statistics(chosen);
  });
  std::vector<Estimate> estimates;
  for (size_t k = 0; k < values.size(); ++k) {
    std::vector<double> sorted;
    for (const auto& draw : drawn) sorted.push_back(draw[k]);
    std::sort(sorted.begin(), sorted.end());
    Estimate estimate{values[k], values[k], values[k]};
    if (!sorted.empty()) {
      estimate.low = quantile(sorted, 0.025);
      estimate.high = quantile(sorted, 0.975);
    }
    estimates.push_back(estimate);
  }
  return estimates;
}

template <class T>
std::vector<T> chosen_of(const std::vector<T>& values, const std::vector<size_t>& indices) {
  std::vector<T> chosen;
  for (const size_t index : indices) chosen.push_back(values[index]);
  return chosen;
}

std::string tau_text(const Estimate& tau) {
  return format_fixed(tau.value, 2) + " (95 % interval " + format_fixed(tau.low, 2) + " to " +
         format_fixed(tau.high, 2) + ")";
}

/// Whether noise, not the recipe, is what a search would suffer from.
std::string noise_text(const ProxyStatistics& s) {
  std::string text = " One training per network, as a search makes, gives a Kendall of " +
                     format_fixed(s.single_kendall.value, 2) + ".";
  if (!s.proxy.within || s.proxy.between == 0) return text;
  const double share = *s.proxy.within / s.proxy.between;
  text += " Between seeds the proxy varies by " + format_percent(share, 0) +
          " of what it varies between networks";
  if (s.kendall.value - s.single_kendall.value > 0.05 && share > 0.5) {
    text +=
        ": noise costs the search more than the recipe does; more validation images or epochs "
        "lower it";
  }
  text += ".";
  if (s.full.repeat) {
    text += " Two full trainings agree to " + format_fixed(*s.full.repeat, 2) +
            ": no proxy can be expected to do much better.";
  }
  return text;
}

}  // namespace

std::vector<double> seed_means(const SeedScores& scores) {
  std::vector<double> means;
  for (const auto& network : scores) {
    double sum = 0;
    for (const double score : network) sum += score;
    means.push_back(sum / static_cast<double>(network.size()));
  }
  return means;
}

RankAgreement rank_agreement(const std::vector<double>& a, const std::vector<double>& b,
                             uint64_t seed, int resamples) {
  const auto estimates =
      bootstrap(a.size(), seed, resamples, [&](const std::vector<size_t>& indices) {
        const auto x = chosen_of(a, indices), y = chosen_of(b, indices);
        return std::vector<double>{kendall(x, y), spearman(x, y)};
      });
  return {estimates[0], estimates[1]};
}

ProxyStatistics proxy_statistics(const SeedScores& proxy, const SeedScores& full, uint64_t seed,
                                 int resamples) {
  if (proxy.size() != full.size() || proxy.size() < kFewestForRanks) {
    throw Error(ErrorKind::kData, "a ranking needs the same networks in both trainings, at least " +
                                      std::to_string(kFewestForRanks) + "; got " +
                                      std::to_string(proxy.size()) + " and " +
                                      std::to_string(full.size()));
  }
  check_scores(proxy, "proxy");
  check_scores(full, "full");
  const auto estimates =
      bootstrap(proxy.size(), seed, resamples, [&](const std::vector<size_t>& indices) {
        const SeedScores p = chosen_of(proxy, indices), f = chosen_of(full, indices);
        const auto x = seed_means(p), y = seed_means(f);
        return std::vector<double>{kendall(x, y), spearman(x, y), single_kendall(p, f)};
      });
  return {.networks = proxy.size(),
          .proxy = seed_noise(proxy),
          .full = seed_noise(full),
          .kendall = estimates[0],
          .spearman = estimates[1],
          .single_kendall = estimates[2]};
}

ProxyVerdict proxy_verdict(const ProxyStatistics& statistics, double wanted) {
  if (statistics.networks < kFewestNetworks) return ProxyVerdict::kTooFew;
  if (statistics.kendall.low >= wanted) return ProxyVerdict::kGood;
  if (statistics.kendall.value >= wanted) return ProxyVerdict::kProbable;
  return statistics.kendall.high >= wanted ? ProxyVerdict::kDoubtful : ProxyVerdict::kBad;
}

std::string verdict_text(const ProxyStatistics& statistics, double wanted) {
  const std::string tau = "Kendall " + tau_text(statistics.kendall);
  const std::string goal = format_fixed(wanted, 2);
  const std::string noise = noise_text(statistics);
  switch (proxy_verdict(statistics, wanted)) {
    case ProxyVerdict::kTooFew:
      return "no verdict: " + std::to_string(statistics.networks) +
             " networks are too few for one; train at least " + std::to_string(kFewestNetworks) +
             ", better 20. " + tau + "." + noise;
    case ProxyVerdict::kGood:
      return "good: the proxy keeps the ranking. " + tau + " is above the " + goal +
             " asked for, also at its low end." + noise;
    case ProxyVerdict::kProbable:
      return "probably good: " + tau + " reaches the " + goal +
             " asked for, but its low end does not; more networks would decide." + noise;
    case ProxyVerdict::kDoubtful:
      return "doubtful: " + tau + " is below the " + goal +
             " asked for, and its high end is not; train more networks, or a fuller proxy." + noise;
    case ProxyVerdict::kBad:
      break;
  }
  return "bad: the proxy does not keep the ranking. " + tau + " is below the " + goal +
         " asked for, also at its high end; a search with this proxy looks for the wrong networks. "
         "`ridgeline proxy design` looks for a better one." +
         noise;
}

}  // namespace ridgeline
