#include "experiments/search.h"

#include <set>

#include "accuracy/evaluators/make_evaluator.h"
#include "controller/policy/make_controller.h"
#include "core/file.h"
#include "experiments/async_search.h"
#include "experiments/pricing.h"
#include "tests/catch.h"
#include "tests/experiments/small_run.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

/// Fails, diverges or throws off particular trials.
class FaultyEvaluator : public AccuracyEvaluator {
 public:
  FaultyEvaluator(AccuracyEvaluator& inner, std::set<uint64_t> bad)
      : inner_(inner), bad_(std::move(bad)) {}
  Evaluation evaluate(const TrialSpec& spec) override {
    ++evaluations;
    if (!bad_.contains(spec.trial_id)) return inner_.evaluate(spec);
    Evaluation failed;
    failed.status = TrialStatus::kDiverged;
    failed.message = "loss became NaN in epoch 1";
    return failed;
  }
  int evaluations = 0;

 private:
  AccuracyEvaluator& inner_;
  std::set<uint64_t> bad_;
};

std::vector<std::string> undisturbed(const ExperimentConfig& config) {
  TempFolder folder;
  TrialStore store(folder / "store.sqlite");
  const auto evaluator = make_evaluator(config.accuracy);
  InProcessExecutor executor(*evaluator);
  search_once(config, store, executor);
  return comparable(store.trials(Phase::kSearch));
}

}  // namespace

TEST_CASE("the same configuration gives the same trials, another seed others") {
  const auto config = small_config();
  const auto first = undisturbed(config);
  CHECK(first.size() == 24);
  CHECK(undisturbed(config) == first);
  CHECK(undisturbed(small_config("seed=6")) != first);
}

TEST_CASE("results that arrive in another order are committed in proposal order") {
  const auto config = small_config();
  TempFolder folder;
  TrialStore store(folder / "store.sqlite");
  const auto evaluator = make_evaluator(config.accuracy);
  ReversedExecutor executor(*evaluator);
  search_once(config, store, executor);
  CHECK(executor.submitted[0] > executor.submitted[1]);
  CHECK(comparable(store.trials(Phase::kSearch)) == undisturbed(config));
}

TEST_CASE(
    "a run that stops after any number of results and is resumed ends with the undisturbed "
    "trials") {
  for (const char* kind : {"reinforce", "ppo", "evolution", "nsga2", "random"}) {
    const auto config = small_config(std::string("controller.kind=") + kind);
    const auto expected = undisturbed(config);
    const auto evaluator = make_evaluator(config.accuracy);
    for (const int stop : {0, 1, 2, 3, 4, 5, 9, 12}) {
      TempFolder folder;
      int runs = 0;
      for (bool finished = false; !finished; ++runs) {
        TrialStore store(folder / "store.sqlite");
        ReversedExecutor executor(*evaluator, runs == 0 ? stop : 1 << 30);
        try {
          search_once(config, store, executor);
          finished = true;
        } catch (const Error& error) {
          REQUIRE(error.kind() == ErrorKind::kInterrupted);
        }
      }
      CHECK(runs == 2);
      TrialStore store(folder / "store.sqlite");
      CHECK(comparable(store.trials(Phase::kSearch)) == expected);
    }
  }
}

TEST_CASE("a recorded trial is not evaluated again, and a repeated network is trained once") {
  const auto config = small_config("search.trials=60");
  TempFolder folder;
  const auto inner = make_evaluator(config.accuracy);
  FaultyEvaluator evaluator(*inner, {});
  InProcessExecutor executor(evaluator);
  TrialStore store(folder / "store.sqlite");
  const auto trials = search_once(config, store, executor);
  std::set<Genotype> genotypes;
  int repeats = 0;
  for (const auto& trial : trials) {
    genotypes.insert(trial.genotype);
    if (trial.reused_from < 0) continue;
    ++repeats;
    const Trial& twin = trials[static_cast<size_t>(trial.reused_from)];
    CHECK(twin.genotype == trial.genotype);
    CHECK(twin.reward == trial.reward);
    CHECK(twin.latency_ms() == trial.latency_ms());
  }
  CHECK(repeats > 0);
  CHECK(evaluator.evaluations == static_cast<int>(genotypes.size()));
  search_once(config, store, executor);
  CHECK(evaluator.evaluations == static_cast<int>(genotypes.size()));
}

TEST_CASE("a failed training is a recorded status with the declared reward") {
  const auto config = small_config("search.failure_reward=-0.5");
  TempFolder folder;
  const auto inner = make_evaluator(config.accuracy);
  FaultyEvaluator evaluator(*inner, {2, 7});
  InProcessExecutor executor(evaluator);
  TrialStore store(folder / "store.sqlite");
  search_once(config, store, executor);
  const auto trials = store.trials(Phase::kSearch);
  REQUIRE(trials.size() == 24);
  CHECK(trials[2].status == TrialStatus::kDiverged);
  CHECK(trials[2].reward == -0.5);
  CHECK(trials[2].cause == "loss became NaN in epoch 1");
  CHECK(store.best(Phase::kSearch)->status == TrialStatus::kComplete);
}

TEST_CASE("too many failures in a row stop the run with the last cause") {
  const auto config = small_config("search.max_failures_in_a_row=3");
  TempFolder folder;
  const auto inner = make_evaluator(config.accuracy);
  std::set<uint64_t> all;
  for (uint64_t i = 0; i < 24; ++i) all.insert(i);
  FaultyEvaluator evaluator(*inner, all);
  InProcessExecutor executor(evaluator);
  TrialStore store(folder / "store.sqlite");
  CHECK(error_of([&] {
          search_once(config, store, executor);
        }).find("3 trainings in a row failed, the last one diverged: loss became NaN in epoch 1") ==
        0);
  CHECK(store.trials(Phase::kSearch).size() == 3);
}

TEST_CASE("a network far over the target is infeasible and not trained") {
  const auto config = small_config("reward.target_ms=0.1;search.max_latency_ratio=1.2");
  TempFolder folder;
  const auto inner = make_evaluator(config.accuracy);
  FaultyEvaluator evaluator(*inner, {});
  InProcessExecutor executor(evaluator);
  TrialStore store(folder / "store.sqlite");
  const auto trials = search_once(config, store, executor);
  int infeasible = 0, fresh_feasible = 0;
  for (const auto& trial : trials) {
    CHECK((trial.latency_ms() > 0.12) == (trial.status == TrialStatus::kInfeasible));
    infeasible += trial.status == TrialStatus::kInfeasible;
    fresh_feasible += trial.status == TrialStatus::kComplete && trial.reused_from < 0;
    if (trial.status == TrialStatus::kInfeasible)
      CHECK(trial.cause.find("is over 0.120 ms: not trained") != std::string::npos);
  }
  CHECK(infeasible > 0);
  CHECK(evaluator.evaluations == fresh_feasible);
}

TEST_CASE("a store of another configuration is refused") {
  TempFolder folder;
  const auto evaluator = make_evaluator(small_config().accuracy);
  InProcessExecutor executor(*evaluator);
  TrialStore store(folder / "store.sqlite");
  search_once(small_config(), store, executor);
  CHECK(error_of([&] {
          search_once(small_config("seed=9"), store, executor);
        }).find("the store belongs to another configuration") != std::string::npos);
}

TEST_CASE("the learned policy finds better networks than its first batch") {
  const auto config = small_config("search.trials=160;controller.learning_rate=0.02");
  TempFolder folder;
  const auto evaluator = make_evaluator(config.accuracy);
  InProcessExecutor executor(*evaluator);
  TrialStore store(folder / "store.sqlite");
  const auto trials = search_once(config, store, executor);
  const auto mean = [&](size_t begin, size_t end) {
    double sum = 0;
    for (size_t i = begin; i < end; ++i) sum += trials[i].reward;
    return sum / static_cast<double>(end - begin);
  };
  CHECK(mean(120, 160) > mean(0, 40));
}

TEST_CASE("a latency command that fails on some networks fails their trials, with the cause") {
  TempFolder folder;
  const std::string tool = folder / "tool";
  write_file_atomic(
      tool,
      "#!/bin/sh\nif grep -q 'filters: 24' \"$1\"; then\n  echo 'no room' >&2; exit 4\n"
      "fi\necho 0.4 ms\n");
  std::filesystem::permissions(tool, std::filesystem::perms::owner_all);
  for (const SearchMode mode : {SearchMode::kSynchronous, SearchMode::kAsynchronous}) {
    ExperimentConfig config =
        small_config("latency.kind=command;latency.command=[" + tool + "];search.trials=12");
    config.search.mode = mode;
    TrialStore store(folder / (enum_name(mode) + ".sqlite"));
    const auto evaluator = make_evaluator(config.accuracy);
    FaultyEvaluator counted(*evaluator, {});
    InProcessExecutor executor(counted);
    const SearchSpace space = config.search_space();
    const auto oracle = make_oracle(config.latency);
    const auto controller = make_controller(config.controller, space.decisions(), config.seed);
    TrialRunner runner(executor, config.failures);
    const SearchParts parts{space, {{"", *oracle}}, *controller, runner, store};
    if (mode == SearchMode::kSynchronous) {
      Search(config, parts).run();
    } else {
      AsyncSearch(config, parts).run();
    }
    const auto trials = store.trials(Phase::kSearch);
    CHECK(trials.size() == 12);
    int failed = 0, fresh = 0;
    for (const auto& trial : trials) {
      const bool too_wide = to_yaml(trial.architecture).find("filters: 24") != std::string::npos;
      CHECK((trial.status == TrialStatus::kCrashed) == too_wide);
      CHECK((trial.status == TrialStatus::kComplete) == !too_wide);
      if (too_wide) CHECK_THAT(trial.cause, Catch::EndsWith("exited with code 4: no room"));
      if (too_wide) CHECK(trial.reward == 0);
      failed += too_wide;
      fresh += !too_wide && trial.reused_from < 0;
    }
    CHECK(failed > 0);
    CHECK(fresh > 0);
    CHECK(counted.evaluations == fresh);
  }
}

TEST_CASE("what was priced before a stop is not priced again, and the trials are the same") {
  /// Stops the search in the middle of a batch, as a second Ctrl-C does.
  class StoppedOracle : public LatencyOracle {
   public:
    StoppedOracle(std::vector<std::string>& priced, size_t limit)
        : inner_(make_oracle(small_config().latency)), priced_(priced), limit_(limit) {}
    Latency estimate(const Network& network) const override { return inner_->estimate(network); }
    Latency estimate_architecture(const Architecture& architecture,
                                  const Network& lowered) const override {
      if (priced_.size() == limit_) throw Error(ErrorKind::kInterrupted, "stopped");
      priced_.push_back(to_yaml(architecture));
      return inner_->estimate_architecture(architecture, lowered);
    }
    std::string description() const override { return "stopped"; }

   private:
    std::unique_ptr<LatencyOracle> inner_;
    std::vector<std::string>& priced_;
    size_t limit_;
  };
  const auto config = small_config();
  TempFolder folder;
  TrialStore store(folder / "s.sqlite");
  const auto evaluator = make_evaluator(config.accuracy);
  std::vector<std::string> priced;
  for (const size_t limit : {2, 6, 1000}) {
    const auto oracle = recorded_in(store, "", std::make_unique<StoppedOracle>(priced, limit));
    const SearchSpace space = config.search_space();
    const auto controller = make_controller(config.controller, space.decisions(), config.seed);
    InProcessExecutor executor(*evaluator);
    TrialRunner runner(executor);
    Search search(config, {space, {{"", *oracle}}, *controller, runner, store});
    if (limit == 1000) {
      search.run();
    } else {
      CHECK(error_of([&] { search.run(); }) == "stopped");
      CHECK(priced.size() == limit);
    }
  }
  CHECK(std::set<std::string>(priced.begin(), priced.end()).size() == priced.size());
  CHECK(comparable(store.trials(Phase::kSearch)) == undisturbed(config));
}
