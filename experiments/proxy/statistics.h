#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ridgeline {

/// The correlation that Google's guide to proxy tasks for its Vertex NAS asks for before a search.
/// Here it is asked of Kendall's tau-b, which is usually smaller than Spearman's coefficient.
inline constexpr double kWantedCorrelation = 0.65;
/// With fewer networks the verdict is that they are too few.
inline constexpr size_t kFewestNetworks = 8;

/// Accuracies by network, then by seed; every network has as many seeds, in any unit.
using SeedScores = std::vector<std::vector<double>>;

struct Estimate {
  double value = 0;
  double low = 0, high = 0;  ///< ends of the 95 % interval
};

/// What repeated trainings of one recipe say of its noise.
struct SeedNoise {
  int seeds = 0;
  /// Standard deviation between seeds, pooled: the root of the mean over networks of the variance
  /// within a network (n - 1). Nothing with one seed.
  std::optional<double> within = {};
  double between = 0;  ///< standard deviation of the networks' means (n - 1)
  /// Mean Kendall over all pairs of seeds: how well one training repeats the ranking of another.
  std::optional<double> repeat = {};
};

/// How well the ranking by a cheap training agrees with the ranking by a full one.
struct ProxyStatistics {
  size_t networks = 0;
  SeedNoise proxy, full;
  Estimate kendall, spearman;  ///< of the means over seeds
  /// Mean over the seeds of the proxy of the Kendall of that seed alone with the full means: what a
  /// search sees, which trains each network once.
  Estimate single_kendall;
};

/// Kendall is tau-b. Intervals are percentile bootstraps over the networks: `resamples` draws with
/// replacement from streams of `seed`, the same for any number of threads; a draw in which a
/// ranking does not vary counts as 0. Throws `kData` for fewer than 3 networks, for tables that
/// differ in their networks, a network without a score or with another number of seeds than the
/// first, and a score that is not finite.
ProxyStatistics proxy_statistics(const SeedScores& proxy, const SeedScores& full, uint64_t seed,
                                 int resamples = 2000);

/// An interval as `proxy_statistics` makes it, for one pair of rankings.
struct RankAgreement {
  Estimate kendall, spearman;
};
RankAgreement rank_agreement(const std::vector<double>& a, const std::vector<double>& b,
                             uint64_t seed, int resamples = 2000);

/// The mean over seeds, per network.
std::vector<double> seed_means(const SeedScores& scores);

/// How the interval of a Kendall lies to `wanted`.
enum class ProxyVerdict {
  kTooFew,    ///< fewer than `kFewestNetworks` networks
  kGood,      ///< even the low end reaches it
  kProbable,  ///< the value reaches it, the low end does not
  kDoubtful,  ///< only the high end reaches it
  kBad        ///< not even the high end
};
ProxyVerdict proxy_verdict(const ProxyStatistics& statistics, double wanted = kWantedCorrelation);
/// The verdict in sentences, with what to do, and whether noise between seeds is the cause.
std::string verdict_text(const ProxyStatistics& statistics, double wanted = kWantedCorrelation);

}  // namespace ridgeline
