#include "latency/measurement/interleaved_rounds.h"

#include "core/file.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

Network small_network(int64_t channels) {
  NetworkBuilder builder("small", {3, 8, 8});
  builder.add("conv", Conv2d{.out_channels = channels}, {builder.input()});
  return std::move(builder).build();
}

}  // namespace

TEST_CASE("results are stated at one speed, and disturbed ones left out while others remain") {
  TempFolder folder;
  RoundFile file(folder / "results.csv", {});
  file.add("a", {0, 20, 20});
  file.add("a", {1, 11, 10});
  file.add("a", {2, 12, 10});
  file.add("a", {3, 400, 10, "somebody else, ran"});
  const Timing timing = file.timing("a", 10, 0.2);
  CHECK(timing.median_ms == 11);  // of 10, 11 and 12
  CHECK(timing.low_ms == 10);
  CHECK(timing.high_ms == 12);
  CHECK(timing.runs == 3);
  CHECK(timing.noise.empty());
  CHECK(file.nominal_ms() == 10);

  file.add("b", {0, 4, 10, "x"});
  file.add("b", {1, 6, 10, "y"});
  CHECK(file.timing("b", 20, 0.5).median_ms == 10);
  CHECK(file.timing("b", 20, 0.5).noise == "2 of 2 rounds were disturbed: y");
}

TEST_CASE("a file of results reads back, without a line that a kill cut off") {
  TempFolder folder;
  RoundFile(folder / "results.csv", {}).add("a", {0, 20.5, 21.25, "one, two"});
  write_file_atomic(folder / "results.csv", read_file(folder / "results.csv") + "a,1,3");
  RoundFile file(folder / "results.csv", {});
  REQUIRE(file.of("a").size() == 1);
  CHECK(file.of("a")[0].ms == 20.5);
  CHECK(file.of("a")[0].reference_ms == 21.25);
  CHECK(file.of("a")[0].disturbed == "one; two");
  file.add("a", {1, 3, 4});
  CHECK(RoundFile(folder / "results.csv", {}).of("a").size() == 2);
  CHECK(file.of("b").empty());
}

TEST_CASE("a file of results of another place, or of something else, is refused") {
  TempFolder folder;
  RoundFile(folder / "results.csv", {}).add("a", {0, 1, 1});
  CHECK_THAT(error_of([&] { RoundFile(folder / "results.csv", {.batch = 2}); }),
             Catch::Contains("results.csv:2: was measured at 1; fp32"));
  write_file_atomic(folder / "results.csv", "network,ms\n");
  CHECK_THAT(error_of([&] { RoundFile(folder / "results.csv", {}); }),
             Catch::Contains("results.csv:1: its columns are 'network,ms'"));
}

TEST_CASE("networks take results round by round, and only the missing ones") {
  TempFolder folder;
  RoundFile file(folder / "results.csv", {});
  file.add("b", {0, 1, 1});
  std::vector<std::pair<std::string, int>> done;
  const RoundRules rules{
      .rounds = 2,
      .per_round = {.warmup = 0, .min_runs = 1, .max_runs = 1, .time_limit_s = 1, .attempts = 1}};
  const auto note = [&](const std::string& name, const RoundResult& result) {
    done.emplace_back(name, result.round);
  };
  measure_in_rounds({{"a", small_network(4)}, {"b", small_network(8)}}, {}, rules, file, note);
  REQUIRE(done.size() == 3);
  CHECK(done[0] == std::pair<std::string, int>("a", 0));
  CHECK(done[1].second == 1);
  CHECK(done[2].second == 1);
  CHECK(file.of("a").size() == 2);
  CHECK(file.of("b").size() == 2);
  CHECK(file.of("a")[0].ms > 0);
  CHECK(file.of("a")[0].reference_ms > 0);
  measure_in_rounds({{"a", small_network(4)}, {"b", small_network(8)}}, {}, rules, file, note);
  CHECK(done.size() == 3);
}

TEST_CASE("rounds share what one network may take") {
  const RoundRules rules =
      round_rules({.max_runs = 100, .half_width = 0.01, .time_limit_s = 10}, 4);
  CHECK(rules.rounds == 4);
  CHECK(rules.per_round.max_runs == 25);
  CHECK(rules.per_round.half_width == 0.01);
  CHECK(rules.per_round.time_limit_s == 2.5);
  CHECK(round_rules({.max_runs = 6}, 5).per_round.max_runs == 3);  // a median needs some
}
