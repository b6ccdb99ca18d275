#include "experiments/scoring.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "accuracy/evaluators/make_evaluator.h"
#include "controller/policy/make_controller.h"
#include "core/file.h"
#include "experiments/executors/trial_file.h"
#include "experiments/run_directory.h"
#include "experiments/store/facts.h"
#include "tests/catch.h"
#include "tests/experiments/small_run.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

std::vector<Trial> run_scored(const ExperimentConfig& config) {
  TempFolder folder;
  const auto evaluator = make_evaluator(config.accuracy);
  InProcessExecutor executor(*evaluator);
  TrialStore store(folder / "store.sqlite");
  search_once(config, store, executor);
  return store.trials(Phase::kSearch);
}

/// Half of the networks that the small search tries are faster.
double median_ms() {
  std::vector<double> latencies;
  for (const auto& trial : run_scored(small_config())) latencies.push_back(trial.latency_ms());
  std::sort(latencies.begin(), latencies.end());
  return latencies[latencies.size() / 2];
}

/// Says that every training is complete, with an accuracy that is none.
class NanEvaluator : public AccuracyEvaluator {
 public:
  Evaluation evaluate(const TrialSpec&) override {
    Evaluation result;
    result.accuracy = std::numeric_limits<double>::quiet_NaN();
    return result;
  }
};

/// Prices every network at the same figure, whatever that is.
class ConstantOracle : public LatencyOracle {
 public:
  explicit ConstantOracle(double ms) : ms_(ms) {}
  Latency estimate(const Network&) const override {
    Latency latency;
    latency.ms = ms_;
    return latency;
  }
  std::string description() const override { return "constant"; }

 private:
  double ms_;
};

}  // namespace

TEST_CASE("every kind of reward searches, and tells each trial what its equation says") {
  const std::string target = ";reward.target_ms=" + ConfigWriter::plain_number(median_ms());
  for (const char* kind : {"mnas_soft", "mnas_hard", "tunas", "weighted_sum", "constraint"}) {
    const auto config = small_config(std::string("reward.kind=") + kind + target);
    const Reward reward(config.reward);
    int complete = 0;
    for (const auto& trial : run_scored(config)) {
      if (trial.status != TrialStatus::kComplete) continue;
      ++complete;
      CHECK(trial.reward == reward(trial.accuracy, trial.latency_ms()));
    }
    INFO(kind);
    CHECK(complete > 0);
  }
}

TEST_CASE("a constrained search trains what is feasible only, and grades the rest by its excess") {
  const double target = median_ms();
  const auto config =
      small_config("reward.kind=constraint;reward.target_ms=" + ConfigWriter::plain_number(target));
  const auto trials = run_scored(config);
  int feasible = 0, infeasible = 0;
  for (const auto& trial : trials) {
    if (trial.status == TrialStatus::kComplete) {
      ++feasible;
      CHECK(trial.latency_ms() <= target);
      CHECK(trial.reward == trial.accuracy);
    } else {
      ++infeasible;
      REQUIRE(trial.status == TrialStatus::kInfeasible);
      CHECK(trial.latency_ms() > target);
      CHECK(contains(trial.cause, "is over the target of "));
      CHECK_THAT(trial.cause, Catch::EndsWith(": not trained"));
      const double excess = trial.latency_ms() / target - 1;
      CHECK(trial.reward == Approx(-excess / (1 + excess)));
    }
  }
  CHECK(feasible > 0);
  CHECK(infeasible > 0);
}

TEST_CASE("a network over a limit is not trained, and gets the failure's reward") {
  const auto all = run_scored(small_config());
  int64_t least = all[0].params, most = all[0].params;
  for (const auto& trial : all) {
    least = std::min(least, trial.params);
    most = std::max(most, trial.params);
  }
  const int64_t limit = (least + most) / 2;
  int over = 0;
  for (const auto& trial : run_scored(
           small_config("reward.kind=tunas;reward.limits.params=" + std::to_string(limit)))) {
    CHECK((trial.status == TrialStatus::kInfeasible) == (trial.params > limit));
    if (trial.params <= limit) continue;
    ++over;
    CHECK(contains(trial.cause, "parameters are over the limit of"));
    CHECK(trial.reward == Approx(-0.3));  // tunas, accuracy 0 at four times the target
  }
  CHECK(over > 0);
}

TEST_CASE("the least memory is the weights and the largest operator's activations of the batch") {
  NetworkCost cost;
  cost.nodes.resize(2);
  cost.nodes[0].input_elements = 100;
  cost.nodes[0].output_elements = 400;
  cost.nodes[1].output_elements = 300;
  cost.total.weight_elements = 1000;
  cost.total.buffer_elements = 24;
  LatencyConfig latency;
  latency.batch = 8;
  CHECK(least_memory_mib(cost, latency) == Approx((1024 + 8 * 500) * 4.0 / (1 << 20)));
  latency.precision = Precision::kFp16;
  CHECK(least_memory_mib(cost, latency) == Approx((1024 + 8 * 500) * 2.0 / (1 << 20)));
  const auto config = small_config("reward.limits.memory_mib=0.001");
  for (const auto& trial : run_scored(config)) {
    CHECK(trial.status == TrialStatus::kInfeasible);
    CHECK(contains(trial.cause, "MiB of memory are over the limit of 0.00 MiB"));
  }
}

TEST_CASE("an accuracy that is no fraction is recorded as diverged, with the word") {
  const auto config = small_config("search.trials=4;search.max_failures_in_a_row=10");
  TempFolder folder;
  NanEvaluator evaluator;
  InProcessExecutor executor(evaluator);
  TrialStore store(folder / "store.sqlite");
  for (const auto& trial : search_once(config, store, executor, /*record_attempts=*/true)) {
    CHECK(trial.status == TrialStatus::kDiverged);
    CHECK(trial.cause == "accuracy nan is not a fraction in [0, 1]");
    CHECK(trial.accuracy == 0);
    CHECK(trial.reward == 0);
  }
  CHECK_FALSE(store.best(Phase::kSearch).has_value());
  // What a resumed run would take over says the same.
  REQUIRE_FALSE(store.attempts(0).empty());
  CHECK(store.attempts(0)[0].evaluation.status == TrialStatus::kDiverged);
}

TEST_CASE("an accuracy that is no number stays one on its way through a result file") {
  TempFolder folder;
  Evaluation evaluation;
  evaluation.accuracy = std::numeric_limits<double>::infinity();
  write_result_file(folder / "r.json", evaluation);
  const Evaluation read = read_result_file(folder / "r.json");
  CHECK(std::isnan(read.accuracy));
  CHECK(checked(read).status == TrialStatus::kDiverged);
  evaluation.status = TrialStatus::kCrashed;
  evaluation.message = "a cause";
  CHECK(checked(evaluation).status == TrialStatus::kCrashed);
  CHECK(checked(evaluation).message == "a cause");
  CHECK(checked(evaluation).accuracy == 0);
  evaluation = {};
  evaluation.accuracy = 1;
  CHECK(checked(evaluation).status == TrialStatus::kComplete);
}

TEST_CASE("a latency that is no time is recorded as a crash of the oracle, with the word") {
  const auto config = small_config("search.trials=4;reward.kind=constraint");
  const SearchSpace space = config.search_space();
  const auto evaluator = make_evaluator(config.accuracy);
  for (const double ms : {0.0, -2.0, std::numeric_limits<double>::quiet_NaN()}) {
    TempFolder folder;
    InProcessExecutor executor(*evaluator);
    TrialStore store(folder / "store.sqlite");
    const ConstantOracle oracle(ms);
    const auto controller = make_controller(config.controller, space.decisions(), config.seed);
    TrialRunner runner(executor, config.failures);
    Search(config, {space, {{"", oracle}}, *controller, runner, store}).run();
    REQUIRE(store.count(Phase::kSearch) == 4);
    for (const auto& trial : store.trials(Phase::kSearch)) {
      CHECK(trial.status == TrialStatus::kCrashed);
      CHECK(trial.cause == "latency " + ConfigWriter::plain_number(ms) +
                               " ms is not a positive, finite time: not trained");
      CHECK(trial.reward == -1);
      CHECK(trial.latency_ms() == 0);
    }
  }
}

TEST_CASE("a failure's reward that would be worth more than a trial is refused at load") {
  const std::string message =
      error_for("space: tiny\nsearch: {failure_reward: 0}\nreward: {kind: constraint}\n");
  CHECK(message.find("e.yaml:2:26: search.failure_reward: with reward.kind constraint") == 0);
  CHECK(contains(message, "at most -1"));
  CHECK(contains(
      error_for("space: tiny\nsearch: {failure_reward: -0.2}\nreward: {kind: tunas, beta: -0.2}\n"),
      "at most -0.6"));
  const auto config = small_config("search.failure_reward=0");
  check_failure_reward(config, "search.failure_reward");
  CHECK(Scoring(config).failure_reward() == 0);
}

TEST_CASE("every key of the reward is refused where it stands") {
  CHECK(error_for("space: tiny\nreward: {kind: tunas, beta: 0.1}\n")
            .find("e.yaml:2:29: reward.beta: beta must be negative") == 0);
  CHECK(contains(error_for("space: tiny\nreward: {kind: tuna}\n"), "did you mean 'tunas'"));
  CHECK(
      contains(error_for("space: tiny\nreward: {limits: {parms: 5}}\n"), "did you mean 'params'"));
}

TEST_CASE("the earlier names of the kinds load and mean what they meant") {
  const auto soft = small_config("reward.kind=soft");
  CHECK(soft.result_identity() == small_config().result_identity());
  const auto hard = small_config("reward.kind=hard_constraint;reward.hard_exponent=-2");
  CHECK(hard.result_identity() ==
        small_config("reward.kind=mnas_hard;reward.hard_exponent=-2").result_identity());
  CHECK(Reward(hard.reward)(0.8, 1.0) == Approx(0.2));
}

TEST_CASE("a run of the former version, with the former words, is continued") {
  TempFolder folder;
  const auto config = small_config("search.failure_reward=0");
  {
    RunDirectory run = RunDirectory::create(folder / "run", config);
    run.store().set_fact(kConfigFact, "of the former version");
    std::string text = read_file(run.config_file());
    const size_t kind = text.find("  kind: mnas_soft\n");
    REQUIRE(kind != std::string::npos);
    text.replace(kind, 18, "  kind: soft\n");
    for (const char* key : {"  alpha: ", "  beta: ", "  combine: ", "  limits:\n",
                            "    params: ", "    madds: ", "    memory_mib: "}) {
      const size_t line = text.find(key, kind);
      REQUIRE(line != std::string::npos);
      text.erase(line, text.find('\n', line) + 1 - line);
    }
    write_file_atomic(run.config_file(), text);
    Database(run.store_file())
        .execute(
            "ALTER TABLE trials DROP COLUMN stopped_at_epoch; "
            "ALTER TABLE trials DROP COLUMN coefficients; "
            "ALTER TABLE trials RENAME COLUMN commit_index TO place; "
            "ALTER TABLE trials RENAME COLUMN cause TO message; "
            "ALTER TABLE trials RENAME COLUMN additional_latencies TO further_latencies; "
            "PRAGMA user_version = 5");
  }
  RunDirectory run = RunDirectory::open(folder / "run");
  CHECK(run.config().result_identity() == config.result_identity());
}
