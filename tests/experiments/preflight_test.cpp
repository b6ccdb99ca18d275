#include "experiments/preflight.h"

#include <algorithm>

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

TEST_CASE("the pre-flight reports the size of the space and the span of its latencies") {
  const auto result = check(small_config());
  CHECK(result.points == 2 * 2 * 2 * 2 * 2 * 3 * 2 * 2);
  CHECK(result.decisions == 8);
  CHECK(result.min_ms > 0);
  CHECK(result.min_ms < result.median_ms);
  CHECK(result.median_ms < result.max_ms);
  CHECK(result.str().find("384 networks, 8 decisions; latency of 100 random ones: fastest ") == 0);
}

TEST_CASE("its latencies are those of the same networks priced one by one") {
  const auto config = small_config();
  const SearchSpace space = config.search_space();
  const auto oracle = make_oracle(config.latency);
  RandomStream stream(config.seed, 0, "preflight");
  std::vector<double> latencies;
  for (int i = 0; i < 101; ++i) {
    const Genotype genotype = random_genotype(space.decisions(), stream);
    latencies.push_back(oracle->estimate(lower(space.decode(genotype))).ms);
  }
  std::sort(latencies.begin(), latencies.end());
  const auto result = survey(config, 101);
  CHECK(result.min_ms == latencies.front());
  CHECK(result.median_ms == latencies[50]);
  CHECK(result.max_ms == latencies.back());
  const auto within = std::count_if(latencies.begin(), latencies.end(),
                                    [&](double ms) { return ms <= config.reward.target_ms; });
  CHECK(result.within_target == Approx(static_cast<double>(within) / 101));
  CHECK(oracle->estimate(lower(space.decode(result.median))).ms == result.median_ms);
}

TEST_CASE("from one sample it walks to the fastest and the slowest network of a small space") {
  const auto config = small_config();
  const SearchSpace space = config.search_space();
  const auto oracle = make_oracle(config.latency);
  double fastest = 1e9, slowest = 0;
  for (int i = 0; i < 384; ++i) {
    Genotype genotype;
    int rest = i;
    for (const auto& decision : space.decisions()) {
      genotype.push_back(rest % decision.choices());
      rest /= decision.choices();
    }
    const double ms = oracle->estimate(lower(space.decode(genotype))).ms;
    fastest = std::min(fastest, ms);
    slowest = std::max(slowest, ms);
  }
  const auto result = survey(config, 1);
  CHECK(result.fastest_ms == fastest);
  CHECK(result.slowest_ms == slowest);
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
  const auto params = [&](const Genotype& genotype) {
    return cost(lower(space.decode(genotype))).total.params;
  };
  int64_t fewest = params(Genotype(space.decisions().size(), 0));  // the first choices are small
  for (uint64_t id = 0; id < 2000; ++id) {
    RandomStream stream(1, id, "limits");
    fewest = std::min(fewest, params(random_genotype(space.decisions(), stream)));
  }
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
