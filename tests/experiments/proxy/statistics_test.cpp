#include <omp.h>

#include <algorithm>
#include <cmath>

#include "core/csv.h"
#include "core/error.h"
#include "experiments/proxy/statistics.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using Catch::Contains;

namespace {

/// Tau-b by its definition: concordant and discordant pairs, and pairs tied in one ranking only.
double tau_b(const std::vector<double>& a, const std::vector<double>& b) {
  double concordant = 0, discordant = 0, only_a = 0, only_b = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    for (size_t j = i + 1; j < a.size(); ++j) {
      const double product = (a[i] - a[j]) * (b[i] - b[j]);
      concordant += product > 0;
      discordant += product < 0;
      only_a += a[i] == a[j] && b[i] != b[j];
      only_b += a[i] != a[j] && b[i] == b[j];
    }
  }
  const double both = concordant + discordant;
  return (concordant - discordant) / std::sqrt((both + only_a) * (both + only_b));
}

/// Pearson's correlation of mid-ranks, each counted: smaller ones, and half of the equal ones.
double rho(const std::vector<double>& a, const std::vector<double>& b) {
  const auto ranks = [](const std::vector<double>& values) {
    std::vector<double> result;
    for (const double one : values) {
      double rank = 0.5;
      for (const double other : values) rank += other < one ? 1.0 : other == one ? 0.5 : 0.0;
      result.push_back(rank);
    }
    return result;
  };
  const auto x = ranks(a), y = ranks(b);
  const double n = static_cast<double>(x.size()), mean = (n + 1) / 2;
  double xy = 0, xx = 0, yy = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    xy += (x[i] - mean) * (y[i] - mean);
    xx += (x[i] - mean) * (x[i] - mean);
    yy += (y[i] - mean) * (y[i] - mean);
  }
  return xy / std::sqrt(xx * yy);
}

std::vector<double> seed_of(const SeedScores& scores, size_t seed) {
  std::vector<double> column;
  for (const auto& network : scores) column.push_back(network[seed]);
  return column;
}

/// Of three seeds.
std::vector<double> means_of_three(const SeedScores& scores) {
  std::vector<double> means;
  for (const auto& n : scores) means.push_back((n[0] + n[1] + n[2]) / 3);
  return means;
}

double pooled_of_three(const SeedScores& scores) {
  double sum = 0;
  for (const auto& n : scores) {
    const double mean = (n[0] + n[1] + n[2]) / 3;
    for (const double score : n) sum += (score - mean) * (score - mean) / 2;
  }
  return std::sqrt(sum / static_cast<double>(scores.size()));
}

ProxyStatistics with_tau(double low, double value, double high, size_t networks = 20) {
  ProxyStatistics statistics;
  statistics.networks = networks;
  statistics.kendall = statistics.spearman = statistics.single_kendall = {value, low, high};
  return statistics;
}

}  // namespace

TEST_CASE("statistics of a few networks are those computed by hand") {
  // Means: proxy 2, 4, 3, 6; full 10, 30, 20, 20. Of six pairs five differ in both, four of them
  // alike (0-1, 0-2, 0-3, 1-2), one not (1-3), and 2-3 is tied in full.
  const SeedScores proxy = {{1, 3}, {4, 4}, {2, 4}, {6, 6}};
  const SeedScores full = {{10, 10}, {29, 31}, {20, 20}, {20, 20}};
  const ProxyStatistics s = proxy_statistics(proxy, full, 1);
  CHECK(s.networks == 4);
  CHECK(s.kendall.value == Approx((4 - 1) / std::sqrt(6.0 * 5.0)));
  CHECK(s.proxy.seeds == 2);
  CHECK(*s.proxy.within == Approx(1.0));  // variances 2, 0, 2, 0
  CHECK(*s.full.within == Approx(std::sqrt(0.5)));
  CHECK(s.proxy.between == Approx(std::sqrt((1.75 * 1.75 + 0.0625 + 0.5625 + 2.25 * 2.25) / 3)));
  CHECK(*s.proxy.repeat == Approx(tau_b({1, 4, 2, 6}, {3, 4, 4, 6})));
  CHECK(
      s.single_kendall.value ==
      Approx((tau_b({1, 4, 2, 6}, {10, 30, 20, 20}) + tau_b({3, 4, 4, 6}, {10, 30, 20, 20})) / 2));
  CHECK(s.spearman.value == Approx(rho({2, 4, 3, 6}, {10, 30, 20, 20})));
  CHECK(s.kendall.low <= s.kendall.value);
  CHECK(s.kendall.value <= s.kendall.high);
}

TEST_CASE("statistics of the 117 recorded networks equal their definitions") {
  const CsvTable table =
      CsvTable::load(test::shared_data("accelnb/accel_nasbench_proxy_ablation.csv"));
  SeedScores proxy, full;
  for (size_t row = 0; row < table.rows(); ++row) {
    proxy.emplace_back();
    full.emplace_back();
    for (const char* seed : {"1", "2", "3"}) {
      proxy.back().push_back(table.number(row, std::string("top1_proxified_seed") + seed));
      full.back().push_back(table.number(row, std::string("top1_fewproxy_seed") + seed));
    }
  }
  REQUIRE(proxy.size() == 117);
  const ProxyStatistics s = proxy_statistics(proxy, full, 1);
  const auto x = means_of_three(proxy), y = means_of_three(full);
  CHECK(s.kendall.value == Approx(tau_b(x, y)).epsilon(1e-12));
  CHECK(s.spearman.value == Approx(rho(x, y)).epsilon(1e-12));
  CHECK(*s.proxy.within == Approx(pooled_of_three(proxy)).epsilon(1e-12));
  CHECK(*s.full.within == Approx(pooled_of_three(full)).epsilon(1e-12));
  double single = 0, repeat = 0;
  for (size_t i = 0; i < 3; ++i) {
    single += tau_b(seed_of(proxy, i), y) / 3;
    repeat += tau_b(seed_of(full, i), seed_of(full, (i + 1) % 3)) / 3;
  }
  CHECK(s.single_kendall.value == Approx(single).epsilon(1e-12));
  CHECK(*s.full.repeat == Approx(repeat).epsilon(1e-12));
  CHECK(s.kendall.low < s.kendall.value);
  CHECK(s.kendall.high > s.kendall.value);
  CHECK(s.kendall.high - s.kendall.low < 0.2);
}

TEST_CASE("intervals depend on the seed alone, not on threads, and narrow with more networks") {
  SeedScores proxy, full;
  for (int i = 0; i < 12; ++i) {
    proxy.push_back({static_cast<double>(i * 7 % 12)});
    full.push_back({static_cast<double>(i)});
  }
  const int threads = omp_get_max_threads();
  omp_set_num_threads(1);
  const ProxyStatistics one = proxy_statistics(proxy, full, 3);
  omp_set_num_threads(3);
  const ProxyStatistics three = proxy_statistics(proxy, full, 3);
  omp_set_num_threads(threads);
  CHECK(one.kendall.low == three.kendall.low);
  CHECK(one.kendall.high == three.kendall.high);
  CHECK(proxy_statistics(proxy, full, 4).kendall.low != one.kendall.low);
  const SeedScores proxies = proxy, fulls = full;
  for (int copy = 0; copy < 7; ++copy) {  // the same agreement, eight times as many networks
    for (size_t i = 0; i < proxies.size(); ++i) {
      proxy.push_back({proxies[i][0] + 1e-3 * copy});
      full.push_back({fulls[i][0] + 1e-3 * copy});
    }
  }
  const ProxyStatistics many = proxy_statistics(proxy, full, 3);
  CHECK(many.kendall.high - many.kendall.low < 0.6 * (one.kendall.high - one.kendall.low));
  CHECK_FALSE(one.proxy.within.has_value());
  CHECK_FALSE(one.full.repeat.has_value());
}

TEST_CASE("a ranking that never varies has no correlation") {
  const ProxyStatistics s = proxy_statistics({{1}, {1}, {1}}, {{1}, {2}, {3}}, 1);
  CHECK(s.kendall.value == 0);
  CHECK(s.spearman.value == 0);
}

TEST_CASE("the verdict compares the interval with what is asked for") {
  CHECK(proxy_verdict(with_tau(0.7, 0.8, 0.9)) == ProxyVerdict::kGood);
  CHECK(proxy_verdict(with_tau(0.5, 0.7, 0.8)) == ProxyVerdict::kProbable);
  CHECK(proxy_verdict(with_tau(0.4, 0.6, 0.7)) == ProxyVerdict::kDoubtful);
  CHECK(proxy_verdict(with_tau(0.1, 0.3, 0.5)) == ProxyVerdict::kBad);
  CHECK(proxy_verdict(with_tau(0.7, 0.8, 0.9, 7)) == ProxyVerdict::kTooFew);
  CHECK(proxy_verdict(with_tau(0.1, 0.3, 0.5), 0.05) == ProxyVerdict::kGood);
  CHECK_THAT(verdict_text(with_tau(0.7, 0.8, 0.9)),
             Contains("good: the proxy keeps the ranking") && Contains("0.80") && Contains("0.65"));
  CHECK_THAT(verdict_text(with_tau(0.1, 0.3, 0.5)), Contains("bad: ") && Contains("proxy design"));
}

TEST_CASE("scores that are no rankings are refused with the network") {
  const SeedScores three = {{1}, {2}, {3}};
  CHECK_THAT(test::error_of([&] {
               proxy_statistics({{1}, {2}}, {{1}, {2}}, 1);
             }),
             Contains("at least 3"));
  CHECK_THAT(test::error_of([&] {
               proxy_statistics(three, {{1}, {2}, {3}, {4}}, 1);
             }),
             Contains("the same networks"));
  CHECK_THAT(test::error_of([&] {
               proxy_statistics({{1}, {2}, {}}, three, 1);
             }),
             Contains("network 2"));
  CHECK_THAT(test::error_of([&] {
               proxy_statistics({{1}, {2, 3}, {3}}, three, 1);
             }),
             Contains("network 1") && Contains("2 seeds"));
  CHECK_THAT(test::error_of([&] {
               proxy_statistics(three, {{1}, {std::nan("")}, {3}}, 1);
             }),
             Contains("network 1") && Contains("not finite"));
}
