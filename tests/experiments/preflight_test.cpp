#include "experiments/preflight.h"

#include "tests/catch.h"
#include "tests/experiments/small_run.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

Preflight check(const ExperimentConfig& config) {
  const SearchSpace space = config.search_space();
  return check_space(space, *make_oracle(config.latency), config, 100);
}

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

TEST_CASE("a space whose every network misses the target by far stops the run with advice") {
  const std::string message = error_of([] { check(small_config("reward.target_ms=0.001")); });
  CHECK(message.find("the space misses the target by far") != std::string::npos);
  CHECK(message.find("raise reward.target_ms to at least") != std::string::npos);
}
