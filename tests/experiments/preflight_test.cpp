#include "experiments/preflight.h"

#include <omp.h>

#include <algorithm>
#include <limits>

#include "network/cost.h"
#include "tests/catch.h"
#include "tests/experiments/small_run.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

Preflight survey(const ExperimentConfig& config, int samples = 100) {
  const SearchSpace space = config.search_space();
  return survey_space(space, *make_oracle(config.latency), config, samples);
}

Preflight check(const ExperimentConfig& config) {
  const Preflight result = survey(config);
  check_target(result, config);
  return result;
}

std::vector<Genotype> all_genotypes(const SearchSpace& space) {
  std::vector<Genotype> all(1);
  for (const auto& decision : space.decisions()) {
    std::vector<Genotype> longer;
    for (const Genotype& genotype : all) {
      for (int choice = 0; choice < decision.choices(); ++choice) {
        longer.push_back(genotype);
        longer.back().push_back(choice);
      }
    }
    all = std::move(longer);
  }
  return all;
}

std::vector<double> latencies_of_all(const SearchSpace& space, const ExperimentConfig& config) {
  const auto oracle = make_oracle(config.latency);
  std::vector<double> latencies;
  for (const Genotype& genotype : all_genotypes(space))
    latencies.push_back(oracle->estimate(lower(space.decode(genotype))).ms);
  REQUIRE(latencies.size() == 384);
  return latencies;
}

/// A device that nothing with a wide stem fits.
class SmallMemoryOracle : public LatencyOracle {
 public:
  explicit SmallMemoryOracle(bool nothing_fits) : nothing_fits_(nothing_fits) {}
  using LatencyOracle::estimate_architecture;
  Latency estimate_architecture(const Architecture& architecture, const Network&) const override {
    if (nothing_fits_ || architecture.stem.filters == 16)
      throw Error(ErrorKind::kInfeasible, "does not fit the device");
    return {.ms = 0.5, .device = "toy", .method = "toy"};
  }
  Latency estimate(const Network&) const override { return {}; }
  std::string description() const override { return "toy"; }

 private:
  bool nothing_fits_;
};

}  // namespace

TEST_CASE("the survey of a space is the same on any number of threads") {
  const ExperimentConfig config = small_config();
  const int threads = omp_get_max_threads();
  omp_set_num_threads(1);
  const Preflight one = survey(config);
  omp_set_num_threads(3);
  const Preflight three = survey(config);
  omp_set_num_threads(threads);
  CHECK(one.str() == three.str());
  CHECK(one.median == three.median);
  CHECK(one.median_ms == three.median_ms);
  CHECK(one.fastest_ms == three.fastest_ms);
  CHECK(one.slowest_ms == three.slowest_ms);
  CHECK(one.within_target == three.within_target);
}

TEST_CASE("the pre-flight reports the size of the space and the span of its latencies") {
  const auto result = check(small_config());
  CHECK(result.points == 2 * 2 * 2 * 2 * 2 * 3 * 2 * 2);
  CHECK(result.decisions == 8);
  CHECK(result.min_ms > 0);
  CHECK(result.min_ms < result.median_ms);
  CHECK(result.median_ms < result.max_ms);
  CHECK(result.str().find("384 networks, 8 decisions; latency of 100 random ones: fastest ") == 0);
}

TEST_CASE("its figures are those of the whole space, priced network by network") {
  const auto config = small_config();
  const SearchSpace space = config.search_space();
  std::vector<double> latencies = latencies_of_all(space, config);
  std::sort(latencies.begin(), latencies.end());
  // Among 8,000 draws out of 384 networks none is missing (chance: 4e-7), and shares are within 4
  // standard deviations, 0.0225.
  const auto result = survey(config, 8000);
  const auto share_below = [&](double ms) {
    return static_cast<double>(std::count_if(latencies.begin(), latencies.end(),
                                             [&](double other) { return other <= ms; })) /
           384;
  };
  CHECK(result.min_ms == latencies.front());
  CHECK(result.max_ms == latencies.back());
  CHECK(share_below(result.median_ms) == Approx(0.5).margin(0.0225));
  CHECK(result.within_target == Approx(share_below(config.reward.target_ms)).margin(0.0225));
  CHECK(make_oracle(config.latency)->estimate(lower(space.decode(result.median))).ms ==
        result.median_ms);
}

TEST_CASE("of a space smaller than the sample each network counts once") {
  const Preflight all = survey(small_config(), 8000);
  CHECK(all.samples == 384);
  CHECK(all.str().find("latency of all: fastest ") != std::string::npos);
}

TEST_CASE("from one sample it walks to the fastest and the slowest network of a small space") {
  const auto config = small_config();
  const auto latencies = latencies_of_all(config.search_space(), config);
  const auto [fastest, slowest] = std::minmax_element(latencies.begin(), latencies.end());
  const auto result = survey(config, 1);
  CHECK(result.fastest_ms == *fastest);
  CHECK(result.slowest_ms == *slowest);
  CHECK(result.min_ms == result.max_ms);
}

TEST_CASE("a target that no network reaches stops the run with advice, unless it is to go on") {
  const auto config = small_config("reward.target_ms=0.001");
  const std::string message = error_of([&] { check(config); });
  CHECK_THAT(message, Catch::StartsWith("reward.target_ms: out of reach: the fastest network"));
  CHECK_THAT(message, Catch::Contains("raise reward.target_ms to at least"));
  CHECK_THAT(message, Catch::Contains("--set runtime.preflight=warn"));
  CHECK_NOTHROW(check(small_config("reward.target_ms=0.001;runtime.preflight=warn")));
  const double fastest = survey(config).fastest_ms;
  const std::string just = ConfigWriter::plain_number(fastest);
  CHECK_NOTHROW(check(small_config("reward.target_ms=" + just)));
  const std::string below = ConfigWriter::plain_number(0.999 * fastest);
  CHECK_THROWS(check(small_config("reward.target_ms=" + below)));
}

TEST_CASE(
    "a target far over the slowest network stops the run with advice, one just over does not") {
  const std::string message = error_of([] { check(small_config("reward.target_ms=1000")); });
  CHECK_THAT(message, Catch::StartsWith("reward.target_ms: even the slowest network"));
  CHECK_THAT(message, Catch::Contains("lower reward.target_ms, about the median is a start"));
  CHECK_NOTHROW(check(small_config("reward.target_ms=1000;runtime.preflight=warn")));
  const double slowest = survey(small_config()).slowest_ms;
  const auto times = [&](double factor) {
    return small_config("reward.target_ms=" + ConfigWriter::plain_number(factor * slowest));
  };
  CHECK_NOTHROW(check(times(1.99)));
  CHECK_THROWS(check(times(2.01)));
}

TEST_CASE("a reward without latency takes any target") {
  CHECK_NOTHROW(check(small_config("reward.target_ms=1000;reward.w=0")));
  CHECK_NOTHROW(check(small_config("reward.target_ms=0.001;reward.w=0")));
}

TEST_CASE("networks that do not fit the device are counted and left out, unless none fits") {
  const auto config = small_config();
  const SearchSpace space = config.search_space();
  const auto result = survey_space(space, SmallMemoryOracle(false), config, 100);
  CHECK(result.failed > 20);
  CHECK(result.samples + result.failed == 100);
  CHECK(space.decode(result.median).stem.filters == 8);
  CHECK_THAT(result.str(), Catch::Contains("more have no latency"));
  CHECK(error_of([&] { survey_space(space, SmallMemoryOracle(true), config, 5); }) ==
        "does not fit the device");
}

TEST_CASE("limits that no network meets stop the run with advice, those that one meets do not") {
  const auto limited = [](const std::string& limit) {
    const auto config = small_config("reward.limits." + limit);
    check_limits(config.search_space(), config);
  };
  const SearchSpace space = small_config().search_space();
  int64_t fewest = std::numeric_limits<int64_t>::max();
  for (const Genotype& genotype : all_genotypes(space))
    fewest = std::min(fewest, cost(lower(space.decode(genotype))).total.params);
  CHECK_NOTHROW(check_limits(space, small_config()));
  CHECK_NOTHROW(limited("params=" + std::to_string(fewest)));
  CHECK_THAT(error_of([&] { limited("params=" + std::to_string(fewest - 1)); }),
             Catch::StartsWith("reward.limits: out of reach: of the network that was found nearest "
                               "to them, ") &&
                 Catch::Contains("parameters are over the limit of ") &&
                 Catch::Contains("--set runtime.preflight=warn"));
  CHECK_NOTHROW(limited("params=1;runtime.preflight=warn"));
  CHECK_THROWS(limited("madds=1"));
  CHECK_THROWS(limited("memory_mib=0.001"));
}

TEST_CASE("a space of one network is refused before anything else") {
  auto config = small_config();
  config.space = YAML::Load("{name: one, resolution: 32, stages: [{kernel: 3, filters: 8}]}");
  CHECK_THAT(error_of([&] { survey(config); }),
             Catch::Contains("the search space decides everything"));
}

TEST_CASE("the pre-flight of a search without latencies tells none") {
  Preflight preflight;
  preflight.points = 9;
  preflight.decisions = 2;
  preflight.latency_left_out = true;
  CHECK(preflight.str() == "9 networks, 2 decisions; latency is left out");
}
