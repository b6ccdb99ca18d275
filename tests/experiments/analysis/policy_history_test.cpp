#include "experiments/analysis/policy_history.h"

#include <cmath>
#include <limits>

#include "accuracy/evaluators/make_evaluator.h"
#include "controller/policy/make_controller.h"
#include "experiments/feedback.h"
#include "tests/catch.h"
#include "tests/experiments/async_run.h"
#include "tests/experiments/small_run.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

/// The marginals of a controller in this state, as the history takes them.
std::vector<std::vector<double>> marginals_of(const ExperimentConfig& config,
                                              const std::string& state, int updates) {
  const auto decisions = config.search_space().decisions();
  const auto controller = make_controller(config.controller, decisions, config.seed);
  if (!state.empty()) controller->restore(state);
  RandomStream stream(config.seed, static_cast<uint64_t>(updates), "explain");
  return controller->marginals(400, stream);
}

}  // namespace

TEST_CASE("the policy's history begins with its start and ends as the search left it") {
  for (const char* kind : {"reinforce", "ppo", "evolution", "nsga2", "random"}) {
    const auto config =
        small_config(std::string("controller.population=8;controller.kind=") + kind);
    const auto decisions = config.search_space().decisions();
    TempFolder folder;
    TrialStore store(folder / "store.sqlite");
    const auto evaluator = make_evaluator(config.accuracy);
    InProcessExecutor executor(*evaluator);
    const SearchSpace space = config.search_space();
    const auto oracle = make_oracle(config.latency);
    const auto controller = make_controller(config.controller, decisions, config.seed);
    TrialRunner runner(executor, config.failures);
    Search(config, {space, {{"", *oracle}}, *controller, runner, store}).run();
    const auto history = policy_history(config, decisions, store, 4);
    REQUIRE(history.size() == 4);
    CHECK(history[0].updates == 0);
    CHECK(history[0].trials == 0);
    CHECK(history[0].marginals == marginals_of(config, "", 0));
    CHECK(history[1].updates == 2);
    CHECK(history[1].trials == 8);
    CHECK(history[3].updates == 6);
    CHECK(history[3].trials == 24);
    CHECK(history[3].marginals == marginals_of(config, controller->save(), 6));
  }
}

TEST_CASE("the history of an asynchronous policy has the weights of its updates") {
  const auto config = async_config();
  TempFolder folder;
  TrialStore store(folder / "store.sqlite");
  const auto outcome = search_async(config, store);
  const auto history = policy_history(config, config.search_space().decisions(), store, 3);
  REQUIRE(history.size() == 3);
  CHECK(history[2].updates == 6);
  CHECK(history[2].marginals == marginals_of(config, outcome.controller, 6));
}

TEST_CASE("a run without an update has a history of one moment") {
  const auto config = small_config();
  TempFolder folder;
  TrialStore store(folder / "store.sqlite");
  const auto history = policy_history(config, config.search_space().decisions(), store, 5);
  REQUIRE(history.size() == 1);
  CHECK(history[0].trials == 0);
}

TEST_CASE("a sample counts p_now / p_then times, and once where neither policy proposes it") {
  CHECK(importance_ratio(std::log(0.3), std::log(0.1)) == Approx(3));
  const double never = -std::numeric_limits<double>::infinity();
  CHECK(importance_ratio(never, std::log(0.1)) == 0);
  CHECK(importance_ratio(never, never) == 1);
}
