#include "accuracy/evaluators/make_evaluator.h"
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

/// The oracles of all targets.
struct Oracles {
  explicit Oracles(const ExperimentConfig& config) : targets(config.targets()) {
    for (const auto& target : targets) made.push_back(make_oracle(target.latency));
  }
  std::vector<TargetOracle> borrowed() const {
    std::vector<TargetOracle> oracles;
    for (size_t i = 0; i < made.size(); ++i) oracles.push_back({targets[i].name, *made[i]});
    return oracles;
  }
  std::vector<AcceleratorConfig> targets;
  std::vector<std::unique_ptr<LatencyOracle>> made;
};

std::vector<Trial> search_all(const ExperimentConfig& config, TrialStore& store,
                              Executor& executor) {
  const SearchSpace space = config.search_space();
  const Oracles oracles(config);
  const auto controller = make_controller(config.controller, space.decisions(), config.seed);
  TrialRunner runner(executor, config.failures);
  const SearchParts parts{space, oracles.borrowed(), *controller, runner, store};
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
        REQUIRE(trial.latencies.size() == 3);
        CHECK(trial.latencies[1].accelerator == "tpu");
        CHECK(trial.latencies[1].ms == expected_ms(config.targets()[1], trial));
        CHECK(trial.latencies[2].ms == expected_ms(config.targets()[2], trial));
        const double a = std::pow(trial.latency_ms() / 0.5, -0.09);
        const double b = std::pow(trial.latencies[1].ms / 0.08, -0.09);
        const double c = std::pow(trial.latencies[2].ms / 2, -0.09);
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
    REQUIRE(resumed[i].latencies.size() == whole[i].latencies.size());
    for (size_t k = 0; k < whole[i].latencies.size(); ++k)
      CHECK(resumed[i].latencies[k].ms == whole[i].latencies[k].ms);
  }
}

TEST_CASE("a network that one accelerator cannot take is not trained") {
  const auto free = run_small(two_more("search.max_latency_ratio=0"));
  double slowest = 0, fastest = 1e9;
  for (const auto& trial : free) {
    slowest = std::max(slowest, trial.latencies[1].ms);
    fastest = std::min(fastest, trial.latencies[1].ms);
  }
  REQUIRE(slowest > fastest);
  auto config = two_more("reward.kind=constraint;reward.target_ms=1000");
  config.accelerators->at(0).target_ms = (slowest + fastest) / 2;
  config.accelerators->at(1).target_ms = 1000;
  int out = 0;
  for (const auto& trial : run_small(config)) {
    const bool slow = trial.latencies[1].ms > (slowest + fastest) / 2;
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
    CHECK(row.reward == Approx(row.trial.accuracy / (row.trial.latencies[1].ms / 1e-3)));
}

TEST_CASE("LACS scales every accelerator's target by the base network's latency there") {
  const auto config = two_more();
  Architecture base = config.search_space().decode({1, 1, 1, 1, 1, 1, 1, 1});
  TempFolder folder;
  TrialStore store(folder / "s.sqlite");
  const auto evaluator = make_evaluator(config.accuracy);
  InProcessExecutor executor(*evaluator);
  const Oracles oracles(config);
  TrialRunner runner(executor);
  const LacsResult result = run_lacs(config, base, {oracles.borrowed(), runner, store});
  const double tpu_ms = 2 * oracles.made[1]->estimate_architecture(base).ms;
  const double cpu_ms = 2 * oracles.made[2]->estimate_architecture(base).ms;
  const auto trials = store.trials(Phase::kScaling);
  REQUIRE_FALSE(trials.empty());
  for (const auto& trial : trials) {
    REQUIRE(trial.latencies.size() == 3);
    CHECK(trial.latencies[1].ms == expected_ms(config.targets()[1], trial));
    const double worst = std::max({trial.latency_ms() / result.target_ms,
                                   trial.latencies[1].ms / tpu_ms, trial.latencies[2].ms / cpu_ms});
    CHECK(trial.reward == Approx(trial.accuracy * std::pow(worst, -0.09)));
  }
}

TEST_CASE("accelerators are read strictly, and written so that they read back") {
  const auto config = two_more();
  TempFolder folder;
  write_file_atomic(folder / "c.yaml", config.resolved());
  const auto again = load_experiment(folder / "c.yaml");
  CHECK(again.resolved() == config.resolved());
  REQUIRE(again.targets().size() == 3);
  CHECK(again.targets()[1].latency.hardware == "tpu_v3");
  CHECK(again.result_identity() != small_config().result_identity());
  CHECK(small_config().targets().size() == 1);
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

TEST_CASE("each accelerator gets a scaling of its own, at its own target and by its own reward") {
  auto config = two_more("scaling.per_accelerator=true");
  Architecture base = config.search_space().decode({1, 1, 1, 1, 1, 1, 1, 1});
  TempFolder folder;
  TrialStore store(folder / "s.sqlite");
  const auto evaluator = make_evaluator(config.accuracy);
  InProcessExecutor executor(*evaluator);
  const Oracles oracles(config);
  TrialRunner runner(executor);
  const auto results = run_scaling(config, base, {oracles.borrowed(), runner, store});
  REQUIRE(results.size() == 3);
  for (size_t i = 0; i < results.size(); ++i) {
    const LacsResult& result = results[i];
    CHECK(result.accelerator == config.targets()[i].name);
    const double target = 2 * oracles.made[i]->estimate_architecture(base).ms;
    CHECK(result.target_ms == Approx(target));
    for (const auto& candidate : result.candidates) {
      const double ms = oracles.made[i]->estimate_architecture(candidate.architecture).ms;
      CHECK(candidate.latency_ms == ms);
      CHECK(std::abs(ms / target - 1) <= config.scaling.grid.tolerance);
      CHECK(candidate.reward == Approx(candidate.accuracy * std::pow(ms / target, -0.09)));
    }
    CHECK(result.family[0].elsewhere.size() == 2);
  }
  for (const auto& trial : store.trials(Phase::kScaling)) CHECK(trial.latencies.size() == 3);
  const auto trained = store.count(Phase::kScaling);
  CHECK(run_scaling(config, base, {oracles.borrowed(), runner, store}).size() == 3);
  CHECK(store.count(Phase::kScaling) == trained);

  auto one = small_config("scaling.per_accelerator=true");
  const auto oracle = make_oracle(one.latency);
  CHECK(contains(error_of([&] {
                   run_scaling(one, base, {{{"", *oracle}}, runner, store});
                 }),
                 "there is one accelerator only"));
}
