#include "experiments/analysis/effects.h"

#include <cmath>

#include "experiments/analysis/front.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;

namespace {

const std::vector<Decision>& two_decisions() {
  static const std::vector<Decision> made = {
      {.name = "kernel", .labels = {"3", "5", "7"}},
      {.name = "block", .labels = {"a", "b"}, .active_when = {{{{0, {1, 2}}}}}}};
  return made;
}

Trial trial(uint64_t id, const std::string& genotype, double reward, double latency_ms = 1) {
  Trial made;
  made.id = id;
  made.status = TrialStatus::kComplete;
  made.genotype = genotype_from_text(genotype);
  made.reward = reward;
  made.accuracy = reward / 2;
  made.latency_ms = latency_ms;
  return made;
}

Trial failed(uint64_t id, TrialStatus status, const std::string& cause) {
  Trial made = trial(id, "0.-", 0);
  made.status = status;
  made.cause = cause;
  return made;
}

}  // namespace

TEST_CASE("a choice's effect is the mean of the trials that made it, with its standard error") {
  auto repeat = trial(5, "0.-", 100);
  repeat.reused_from = 0;
  const auto effects = decision_effects(
      two_decisions(), {trial(0, "0.-", 0.1), trial(1, "0.-", 0.3), trial(2, "1.0", 0.6, 3),
                        trial(3, "1.1", 0.8, 5), failed(4, TrialStatus::kDiverged, "NaN"), repeat});
  REQUIRE(effects.size() == 2);
  const auto& kernel = effects[0];
  CHECK(kernel.trials == 4);
  CHECK(kernel.choices[0].trials == 2);
  CHECK(kernel.choices[0].reward.mean == Approx(0.2));
  CHECK(kernel.choices[0].reward.standard_error == Approx(0.1));  // sd 0.1414 / root of 2
  CHECK(kernel.choices[1].reward.mean == Approx(0.7));
  CHECK(kernel.choices[1].accuracy.mean == Approx(0.35));
  CHECK(kernel.choices[1].latency_ms.mean == Approx(4));
  CHECK(kernel.choices[1].rank == 1);
  CHECK(kernel.choices[0].rank == 2);
  CHECK(kernel.choices[2].trials == 0);
  CHECK(kernel.choices[2].rank == 0);
  // Within: 0.02 + 0.02 of n - k = 2; in all: 0.29 of n - 1 = 3.
  CHECK(kernel.explained == Approx(1 - (0.04 / 2) / (0.29 / 3)));
}

TEST_CASE("a decision's effect is taken over the trials in which it is active") {
  const auto effects = decision_effects(
      two_decisions(), {trial(0, "0.-", 0.1), trial(1, "1.0", 0.6), trial(2, "2.1", 0.8)});
  CHECK(effects[1].trials == 2);
  CHECK(effects[1].choices[0].trials == 1);
  CHECK(std::isnan(effects[1].choices[0].reward.standard_error));
  CHECK(effects[1].explained == 0);  // one trial per choice tells nothing
}

TEST_CASE("a choice that does not matter explains next to nothing, one that decides all of it") {
  std::vector<Trial> trials;
  RandomStream stream(4);
  for (uint64_t i = 0; i < 400; ++i) {
    const int kernel = stream.below(3);
    const std::string block = kernel == 0 ? "-" : std::to_string(stream.below(2));
    trials.push_back(trial(i, std::to_string(kernel) + "." + block, kernel));
  }
  const auto effects = decision_effects(two_decisions(), trials);
  CHECK(effects[0].explained == 1);
  CHECK(effects[1].explained < 0.05);
}

TEST_CASE("failed trials are grouped by status and cause, numbers aside") {
  const auto groups = failure_groups(
      {trial(0, "0.-", 1), failed(1, TrialStatus::kInfeasible, "latency 5.1 ms is over 2 ms"),
       failed(2, TrialStatus::kDiverged, "loss became NaN in epoch 3"),
       failed(3, TrialStatus::kInfeasible, "latency 10 ms is over 2.0 ms"),
       failed(4, TrialStatus::kCrashed, "killed by signal 11")});
  REQUIRE(groups.size() == 3);
  CHECK(groups[0].status == TrialStatus::kInfeasible);
  CHECK(groups[0].cause == "latency # ms is over # ms");
  CHECK(groups[0].trials == 2);
  CHECK(groups[1].cause == "killed by signal #");
  CHECK(groups[2].cause == "loss became NaN in epoch #");
}

TEST_CASE("the front holds the complete trials that no other beats, by latency") {
  const auto front =
      front_of({trial(0, "0.-", 0.5, 4), trial(1, "1.0", 0.9, 6), trial(2, "1.1", 0.4, 5),
                trial(3, "2.0", 0.2, 1), failed(4, TrialStatus::kCrashed, "")});
  REQUIRE(front.size() == 3);
  CHECK(front[0].id == 3);
  CHECK(front[1].id == 0);
  CHECK(front[2].id == 1);
  CHECK(front_of({failed(0, TrialStatus::kCrashed, "")}).empty());
}
