#include "accuracy/training/make_evaluator.h"
#include "controller/policy/make_controller.h"
#include "core/file.h"
#include "experiments/analysis/rerank.h"
#include "experiments/async_search.h"
#include "experiments/scaling_run.h"
#include "experiments/scoring.h"
#include "tests/catch.h"
#include "tests/experiments/small_run.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

constexpr const char* kAccelerators =
    "accelerators=[{name: tpu, target_ms: 0.08, hardware: tpu_v3, batch: 128}, "
    "{name: cpu, target_ms: 2, hardware: xeon_skylake}]";

ExperimentConfig two_more(const std::string& changes = "") {
  return small_config(std::string(kAccelerators) + ";" + changes);
}

std::vector<Trial> search_all(const ExperimentConfig& config, TrialStore& store,
                              Executor& executor) {
  const SearchSpace space = config.search_space();
  const auto oracle = make_oracle(config.latency);
  const auto tpu = make_oracle(config.further()[0].latency);
  const auto cpu = make_oracle(config.further()[1].latency);
  const auto controller = make_controller(config.controller, space.decisions(), config.seed);
  TrialRunner runner(executor, config.failures);
  const SearchParts parts{space, *oracle, *controller, runner,
                          store, 0,       0,           {{"tpu", *tpu}, {"cpu", *cpu}}};
  if (config.search.mode == SearchMode::kAsynchronous) {
    AsyncSearch(config, parts).run();
  } else {
    Search(config, parts).run();
  }
  return store.trials(Phase::kSearch);
}

std::vector<Trial> run_small(const ExperimentConfig& config) {
  TempFolder folder;
  const auto evaluator = make_evaluator(config.accuracy);
  InProcessExecutor executor(*evaluator);
  TrialStore store(folder / "store.sqlite");
  search_all(config, store, executor);
  return store.trials(Phase::kSearch);
}

double expected_ms(const AcceleratorConfig& accelerator, const Trial& trial) {
  return make_oracle(accelerator.latency)->estimate_architecture(trial.architecture).ms;
}

}  // namespace

TEST_CASE("every trial keeps its latency on every accelerator, and is told the worst or product") {
  for (const char* combine : {"worst", "product"}) {
    for (const char* mode : {"synchronous", "asynchronous"}) {
      const auto config = two_more(std::string("search.max_latency_ratio=0;reward.combine=") +
                                   combine + ";search.mode=" + mode);
      int complete = 0;
      for (const auto& trial : run_small(config)) {
        REQUIRE(trial.status == TrialStatus::kComplete);
        REQUIRE(trial.further.size() == 2);
        CHECK(trial.further[0].accelerator == "tpu");
        CHECK(trial.further[0].ms == expected_ms(config.further()[0], trial));
        CHECK(trial.further[1].ms == expected_ms(config.further()[1], trial));
        const double a = std::pow(trial.latency_ms / 0.5, -0.09);
        const double b = std::pow(trial.further[0].ms / 0.08, -0.09);
        const double c = std::pow(trial.further[1].ms / 2, -0.09);
        const bool worst = config.reward.combine == RewardCombination::kWorst;
        CHECK(trial.reward == Approx(trial.accuracy * (worst ? std::min({a, b, c}) : a * b * c)));
        ++complete;
      }
      CHECK(complete == 24);
    }
  }
}

TEST_CASE("a search for several accelerators that was stopped comes to the same trials") {
  const auto config = two_more();
  const auto whole = run_small(config);
  TempFolder folder;
  const auto evaluator = make_evaluator(config.accuracy);
  TrialStore store(folder / "store.sqlite");
  ReversedExecutor stopped(*evaluator, 6);
  CHECK(contains(error_of([&] { search_all(config, store, stopped); }), "stopped after"));
  InProcessExecutor executor(*evaluator);
  search_all(config, store, executor);
  const auto resumed = store.trials(Phase::kSearch);
  REQUIRE(comparable(resumed) == comparable(whole));
  for (size_t i = 0; i < whole.size(); ++i) {
    REQUIRE(resumed[i].further.size() == whole[i].further.size());
    for (size_t k = 0; k < whole[i].further.size(); ++k)
      CHECK(resumed[i].further[k].ms == whole[i].further[k].ms);
  }
}

TEST_CASE("a network that one accelerator cannot take is not trained") {
  const auto free = run_small(two_more("search.max_latency_ratio=0"));
  double slowest = 0, fastest = 1e9;
  for (const auto& trial : free) {
    slowest = std::max(slowest, trial.further[0].ms);
    fastest = std::min(fastest, trial.further[0].ms);
  }
  REQUIRE(slowest > fastest);
  auto config = two_more("reward.kind=constraint;reward.target_ms=1000");
  config.accelerators->at(0).target_ms = (slowest + fastest) / 2;
  config.accelerators->at(1).target_ms = 1000;
  int out = 0;
  for (const auto& trial : run_small(config)) {
    const bool slow = trial.further[0].ms > (slowest + fastest) / 2;
    CHECK((trial.status == TrialStatus::kInfeasible) == slow);
    if (!slow) continue;
    ++out;
    CHECK(contains(trial.cause, " on tpu is over the target of "));
    CHECK(trial.reward < 0);
  }
  CHECK(out > 0);
  config.reward.kind = RewardKind::kMnasSoft;
  config.accelerators->at(0).target_ms = fastest / 100;
  for (const auto& trial : run_small(config)) {
    CHECK(trial.status == TrialStatus::kInfeasible);
    CHECK(contains(trial.cause, " on tpu is over "));
  }
}

TEST_CASE("stored latencies on every accelerator rank under other targets") {
  auto config = two_more("search.max_latency_ratio=0;reward.w=-1");
  const auto trials = run_small(config);
  config.accelerators->at(0).target_ms = 1e-3;  // now the tpu is the worst for every network
  const auto resolution = rerank_trials(trials, config);
  for (const auto& row : resolution.ranked)
    CHECK(row.reward == Approx(row.trial.accuracy / (row.trial.further[0].ms / 1e-3)));
}

TEST_CASE("LACS scales every accelerator's target by the base network's latency there") {
  const auto config = two_more();
  Architecture base = config.search_space().decode({1, 1, 1, 1, 1, 1, 1, 1});
  TempFolder folder;
  TrialStore store(folder / "s.sqlite");
  const auto evaluator = make_evaluator(config.accuracy);
  InProcessExecutor executor(*evaluator);
  const auto oracle = make_oracle(config.latency);
  const auto tpu = make_oracle(config.further()[0].latency);
  const auto cpu = make_oracle(config.further()[1].latency);
  TrialRunner runner(executor);
  const LacsResult result =
      run_lacs(config, base, {*oracle, runner, store, {{"tpu", *tpu}, {"cpu", *cpu}}});
  const double tpu_ms = 2 * tpu->estimate_architecture(base).ms;
  const double cpu_ms = 2 * cpu->estimate_architecture(base).ms;
  const auto trials = store.trials(Phase::kScaling);
  REQUIRE_FALSE(trials.empty());
  for (const auto& trial : trials) {
    REQUIRE(trial.further.size() == 2);
    CHECK(trial.further[0].ms == expected_ms(config.further()[0], trial));
    const double worst = std::max({trial.latency_ms / result.target_ms,
                                   trial.further[0].ms / tpu_ms, trial.further[1].ms / cpu_ms});
    CHECK(trial.reward == Approx(trial.accuracy * std::pow(worst, -0.09)));
  }
}

TEST_CASE("accelerators are read strictly, and written so that they read back") {
  const auto config = two_more();
  TempFolder folder;
  write_file_atomic(folder / "c.yaml", config.resolved());
  const auto again = load_experiment(folder / "c.yaml");
  CHECK(again.resolved() == config.resolved());
  REQUIRE(again.further().size() == 2);
  CHECK(again.further()[0].latency.hardware == "tpu_v3");
  CHECK(again.result_identity() != small_config().result_identity());
  CHECK(small_config().further().empty());
  CHECK(contains(error_for("space: tiny\naccelerators:\n  - {name: a, harware: v100}\n"),
                 "e.yaml:3:15: accelerators[0].harware: unknown key; did you mean 'hardware'?"));
  CHECK(contains(error_for("space: tiny\naccelerators:\n  - {name: a, target_ms: 1}\n  - "
                           "{name: a, target_ms: 1}\n"),
                 "two accelerators are called 'a'"));
  CHECK(contains(error_for("space: tiny\naccelerators:\n  - {name: a b}\n"),
                 "'a b' is no name of an accelerator"));
  CHECK(contains(error_for("space: tiny\naccelerators:\n  - {hardware: v100}\n"),
                 "'' is no name of an accelerator"));
  CHECK(contains(error_for("space: tiny\naccelerators:\n  - {name: a, target_ms: -1}\n"),
                 "target_ms: out of range"));
}
