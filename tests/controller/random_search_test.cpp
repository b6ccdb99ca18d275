#include <cmath>
#include <limits>
#include <map>

#include "controller/controller.h"
#include "controller/policy/make_controller.h"
#include "core/error.h"
#include "tests/catch.h"
#include "tests/controller/spaces.h"
#include "tests/support.h"

using namespace ridgeline;
using test::conditional_space;
using test::error_of;

namespace {

std::unique_ptr<Controller> random_controller(const std::vector<Decision>& decisions) {
  return make_controller({.kind = ControllerKind::kRandom, .redraws = 0}, decisions, 1);
}

}  // namespace

TEST_CASE("random search chooses uniformly among the choices of active decisions") {
  const auto controller = random_controller(conditional_space());
  RandomStream stream(4);
  const int draws = 12000;
  std::map<std::string, int> counts;
  for (const auto& genotype : controller->sample(draws, stream)) ++counts[to_text(genotype)];
  CHECK(counts.size() == 12);
  const auto near = [&](const std::string& point, double p) {
    return std::abs(counts[point] - draws * p) < 4 * std::sqrt(draws * p * (1 - p));
  };
  CHECK(near("0.-.0", 1.0 / 4));
  CHECK(near("0.-.1", 1.0 / 4));
  CHECK(near("1.3.0", 1.0 / 20));
}

TEST_CASE("random search draws the same genotypes from the same stream, whatever it observes") {
  const auto observed = random_controller(conditional_space());
  const auto fresh = random_controller(conditional_space());
  RandomStream first(4);
  RandomStream second(4);
  const auto batch = observed->sample(3, first);
  const std::vector<double> rewards = {1, 2, 3};
  const UpdateStats stats = test::observe(*observed, batch, rewards);
  CHECK(stats.loss == 0);
  CHECK(stats.mean_reward == 0);
  CHECK(fresh->sample(3, second) == batch);
  CHECK(observed->sample(3, first) == fresh->sample(3, second));
  CHECK(observed->save() == fresh->save());
}

TEST_CASE("random search's marginals are uniform, scaled by how often a decision is active") {
  const auto controller = random_controller(conditional_space());
  RandomStream stream(4);
  RandomStream same(4);
  double active = 0;
  for (const auto& genotype : controller->sample(50, same)) active += genotype[0];
  const auto rows = controller->marginals(50, stream);
  CHECK(rows[0][0] == Approx(0.5));
  REQUIRE(rows[1].size() == 5);
  for (const double p : rows[1]) CHECK(p == Approx(active / 50 / 5));
}

TEST_CASE("random search refuses bad batches as every controller does") {
  const auto controller = random_controller(conditional_space());
  const std::vector<Genotype> batch = {{0, kInactive, 0}};
  const std::vector<double> nan = {std::numeric_limits<double>::quiet_NaN()};
  CHECK(error_of([&] { test::observe(*controller, batch, nan); }) ==
        "controller: reward 0 of the batch is nan; a reward must be a finite number");
}

TEST_CASE("a controller without anything to decide is refused") {
  CHECK(error_of([] { random_controller({}); }) ==
        "controller: the search space decides everything; give at least one field a list of two or "
        "more values");
  CHECK(error_of([] { random_controller({test::decision("kernel", 0)}); }) ==
        "decision 'kernel': it needs at least one choice");
}

TEST_CASE("a condition that no earlier choice can meet is refused by the decision's name") {
  CHECK(error_of([] {
          random_controller({test::decision("block", 2, 1), test::decision("reshape", 2)});
        }) == "decision 'block': its condition must look at an earlier decision");
  CHECK(error_of([] {
          random_controller({test::decision("reshape", 2), test::decision("block", 2, 0, 2)});
        }) == "decision 'block': its condition names choice 2 of 'reshape', which has 2 choices");
}

TEST_CASE("a setting out of range is refused by its name") {
  const auto message = [](const ControllerConfig& config) {
    return error_of([&] { make_controller(config, test::plain_space(), 1); });
  };
  CHECK(message({.policy = {.lstm = {.hidden = 0}}}) ==
        "controller.hidden: 0 is out of range; valid: 1 to 4096");
  CHECK(message({.policy = {.temperature = 0}}) ==
        "controller.temperature: 0 is out of range; valid: 0.001 to 1000");
  CHECK(
      message({.policy = {.lstm = {.learning_rate = std::numeric_limits<double>::quiet_NaN()}}}) ==
      "controller.learning_rate: nan is out of range; valid: 1e-09 to 1");
}
