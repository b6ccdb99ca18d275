#include "experiments/early_stopping.h"

#include <set>

#include "accuracy/evaluators/make_evaluator.h"
#include "experiments/analysis/stopping_report.h"
#include "experiments/failures.h"
#include "tests/catch.h"
#include "tests/experiments/async_run.h"
#include "tests/experiments/rung_evaluator.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

EarlyStoppingConfig rule(EarlyStoppingKind kind, int reduction = 3, int min_epochs = 1) {
  EarlyStoppingConfig config;
  config.kind = kind;
  config.reduction = reduction;
  config.min_epochs = min_epochs;
  return config;
}

struct Run {
  std::vector<Trial> trials;
  std::vector<std::pair<uint64_t, int>> epochs_asked;
  size_t samples_learned = 0;
  std::string controller;
};

/// One process's worth of a synchronous run; stops as if killed after `limit` results.
Run search_rungs(const ExperimentConfig& config, TrialStore& store, bool reversed = false,
                 int limit = 1 << 30) {
  const SearchSpace space = config.search_space();
  const auto oracle = make_oracle(config.latency);
  const auto formula = make_evaluator(config.accuracy);
  RungEvaluator evaluator(*formula, kRungEpochs);
  CountingController controller(make_controller(config.controller, space.decisions(), config.seed));
  InProcessExecutor in_order(evaluator);
  LimitedExecutor limited(in_order, limit);
  ReversedExecutor backwards(evaluator, limit);
  TrialRunner runner(reversed ? static_cast<Executor&>(backwards) : limited, config.failures);
  runner.record_in(store);
  try {
    Search(config, {space, {{"", *oracle}}, controller, runner, store}).run();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kInterrupted) throw;
  }
  return {store.trials(Phase::kSearch), evaluator.epochs_asked, controller.samples_learned,
          controller.save()};
}

size_t count_of(const std::vector<Trial>& trials, TrialStatus status) {
  return static_cast<size_t>(std::count_if(trials.begin(), trials.end(),
                                           [&](const Trial& t) { return t.status == status; }));
}

/// An experiment file with early stopping, with `rest` in place of its accuracy.
std::string stopping_file(const std::string& stopping, const std::string& rest) {
  return "space: tiny\nsearch: {early_stopping: {" + stopping + "}}\n" + rest;
}

}  // namespace

TEST_CASE("rungs come after min_epochs, and after `reduction` times the epochs of the one before") {
  const EarlyStopping rules(rule(EarlyStoppingKind::kAsha, 3, 2), 19);
  REQUIRE(rules.rungs() == 3);
  CHECK(rules.epoch_of(0) == 2);
  CHECK(rules.epoch_of(1) == 6);
  CHECK(rules.epoch_of(2) == 18);
  CHECK(rules.epoch_of(3) == 0);
  CHECK(rules.rung_at(6) == 1);
  CHECK(rules.rung_at(7) == -1);
  CHECK(EarlyStopping(rule(EarlyStoppingKind::kAsha), 9).rungs() == 2);  // no rung at the end
  CHECK_FALSE(EarlyStopping(rule(EarlyStoppingKind::kNone), 9).on());
  EarlyStoppingConfig third;
  third.kind = EarlyStoppingKind::kAsha;
  CHECK(EarlyStopping(third, 10).epoch_of(0) == 3);
  CHECK(EarlyStopping(third, 2).epoch_of(0) == 1);
}

TEST_CASE("asha: of n trials at a rung the best n / reduction go on, one at least") {
  EarlyStopping rules(rule(EarlyStoppingKind::kAsha), 9);
  rules.reached(0, 0, {0.5});
  CHECK(rules.stops(0, 0).empty());
  rules.reached(0, 1, {0.4});
  CHECK(rules.stops(0, 1) ==
        "after epoch 1 of 9: its reward there, 0.40000, is number 2 of 2, and the best 1 go on");
  rules.reached(0, 2, {0.6});
  CHECK(rules.stops(0, 2).empty());
  CHECK_FALSE(rules.stops(0, 0).empty());
  for (uint64_t id = 3; id < 6; ++id) rules.reached(0, id, {0.1});
  CHECK(rules.stops(0, 0).empty());  // two of six
  CHECK_FALSE(rules.stops(0, 1).empty());
  // The next rung has its own trials; of equal ones the earlier goes on; the last value counts.
  rules.reached(1, 7, {0.9, 0.7});
  rules.reached(1, 4, {0.2, 0.7});
  CHECK(rules.stops(1, 4).empty());
  CHECK_FALSE(rules.stops(1, 7).empty());
}

TEST_CASE("median: a trial below the median of the complete trials' running means is stopped") {
  auto config = rule(EarlyStoppingKind::kMedian);
  config.min_trials = 3;
  EarlyStopping rules(config, 9);
  // Means 0.2, 0.4 and 0.5 at epoch 3.
  rules.reached(1, 0, {0.1, 0.2, 0.3});
  rules.reached(1, 1, {0.3, 0.4, 0.5});
  rules.reached(1, 2, {0.4, 0.5, 0.6});
  rules.reached(1, 3, {0.1, 0.39, 0.2});
  rules.reached(1, 4, {0.1, 0.4, 0.2});
  rules.completed(0);
  rules.completed(1);
  CHECK(rules.stops(1, 3).empty());  // too few are complete
  rules.completed(2);
  CHECK(rules.stops(1, 3) ==
        "after epoch 3 of 9: its best reward so far, 0.39000, is below the median of the complete "
        "trials, 0.40000");
  CHECK(rules.stops(1, 4).empty());  // its best value is the median
  rules.reached(1, 5, {0.9, 0.9, 0.9});
  rules.completed(5);  // means 0.2, 0.4, 0.5, 0.9: the median is 0.45
  CHECK_FALSE(rules.stops(1, 4).empty());
}

TEST_CASE("a curve's accuracies are those of its epochs, and the evaluation's at its last") {
  Evaluation evaluation;
  evaluation.accuracy = 0.5;
  evaluation.metrics = {{1, "train_loss", 2},
                        {1, "validation_accuracy", 0.2},
                        {2, "validation_accuracy", 0.4},
                        {3, "train_loss", 1},
                        {3, "validation_accuracy", 0.45}};
  CHECK(last_epoch(evaluation) == 3);
  CHECK(accuracies_of(evaluation) == std::vector<double>{0.2, 0.4, 0.5});
}

TEST_CASE("the order of arrival, and a kill after any result, change no trial of a search") {
  for (const char* kind : {"asha", "median"}) {
    const auto config = rung_config(std::string("search.early_stopping.kind=") + kind +
                                    ";search.early_stopping.min_trials=3");
    TempFolder folder;
    TrialStore whole(folder / "whole.sqlite");
    const Run expected = search_rungs(config, whole);
    const auto trials = comparable(expected.trials);
    REQUIRE(expected.trials.size() == 24);
    CHECK(count_of(expected.trials, TrialStatus::kStopped) > 4);
    CHECK(count_of(expected.trials, TrialStatus::kComplete) > 1);
    TrialStore reversed(folder / "reversed.sqlite");
    const Run backwards = search_rungs(config, reversed, /*reversed=*/true);
    CHECK(comparable(backwards.trials) == trials);
    CHECK(backwards.controller == expected.controller);
    for (int limit = 1; limit < static_cast<int>(expected.epochs_asked.size()); limit += 3) {
      TrialStore store(folder / (std::to_string(limit) + ".sqlite"));
      auto asked = search_rungs(config, store, /*reversed=*/limit % 2 == 0, limit).epochs_asked;
      const Run resumed = search_rungs(config, store);
      CHECK(comparable(resumed.trials) == trials);
      CHECK(resumed.controller == expected.controller);
      // Nothing that is recorded is trained again.
      asked.insert(asked.end(), resumed.epochs_asked.begin(), resumed.epochs_asked.end());
      CHECK(std::set(asked.begin(), asked.end()).size() == asked.size());
      CHECK(asked.size() == expected.epochs_asked.size());
    }
  }
}

TEST_CASE("a stopped trial has its epoch, its accuracy there and the time of all its parts") {
  TempFolder folder;
  TrialStore store(folder / "s.sqlite");
  const auto config = rung_config();
  const Run run = search_rungs(config, store);
  for (const Trial& trial : run.trials) {
    if (trial.reused_from >= 0) continue;
    const bool stopped = trial.status == TrialStatus::kStopped;
    REQUIRE((stopped || trial.status == TrialStatus::kComplete));
    const int epochs = stopped ? trial.stopped_at_epoch : kRungEpochs;
    CHECK(trial.seconds == epochs);
    CHECK((trial.stopped_at_epoch == 0) == !stopped);
    const auto attempts = store.attempts(trial.id);
    CHECK(attempts.back().evaluation.accuracy == trial.accuracy);
    CHECK(last_epoch(attempts.back().evaluation) == epochs);
    CHECK(attempts.size() == static_cast<size_t>(epochs == 1 ? 1 : epochs == 3 ? 2 : 3));
    if (stopped) CHECK(trial.cause.find("after epoch " + std::to_string(epochs)) == 0);
  }
  CHECK(store.best(Phase::kSearch)->status == TrialStatus::kComplete);
  CHECK(failures_line(run.trials).empty());
  const StoppingReport report = stopping_report(config, store);
  auto trained = run.trials;
  std::erase_if(trained, [](const Trial& t) { return t.reused_from >= 0; });
  CHECK(trained.size() < run.trials.size());  // repeats have the result of their twins
  CHECK(report.stopped == count_of(trained, TrialStatus::kStopped));
  CHECK(report.complete == count_of(trained, TrialStatus::kComplete));
  int64_t epochs = 0;
  for (const auto& [id, asked] : run.epochs_asked) epochs += asked == 1 ? 1 : asked == 3 ? 2 : 6;
  CHECK(report.epochs == epochs);
  CHECK(report.full_epochs == static_cast<int64_t>(report.stopped + report.complete) * 9);
  REQUIRE(report.rungs.size() == 2);
  CHECK(report.rungs[0].trials == report.complete);
  CHECK(report.rungs[0].kendall.has_value());
}

TEST_CASE("the controller receives of a stopped trial what its effect says") {
  for (const std::string effect : {"partial", "penalise", "ignore"}) {
    TempFolder folder;
    TrialStore store(folder / "s.sqlite");
    const auto config = rung_config("search.early_stopping.effect=" + effect);
    const Run run = search_rungs(config, store);
    const Scoring scoring(config);
    const size_t stopped = count_of(run.trials, TrialStatus::kStopped);
    REQUIRE(stopped > 0);
    CHECK(run.samples_learned == (effect == "ignore" ? 24 - stopped : 24));
    for (const Trial& trial : run.trials) {
      if (trial.status != TrialStatus::kStopped) continue;
      CHECK(trial.reward ==
            (effect == "penalise" ? scoring.failure_reward() : scoring.reward(trial)));
    }
  }
}

TEST_CASE("an asynchronous search stops trials as they arrive, and goes on after a kill") {
  auto config = rung_config("search.mode=asynchronous;runtime.workers=5");
  const auto formula = make_evaluator(config.accuracy);
  const SearchSpace space = config.search_space();
  const auto oracle = make_oracle(config.latency);
  TempFolder folder;
  TrialStore store(folder / "s.sqlite");
  size_t recorded = 0;
  for (const int limit : {17, 1 << 30}) {
    RungEvaluator evaluator(*formula, kRungEpochs);
    SimulatedExecutor simulated({.workers = 5}, evaluator);
    LimitedExecutor executor(simulated, limit);
    TrialRunner runner(executor, config.failures);
    runner.record_in(store);
    const auto controller = make_controller(config.controller, space.decisions(), config.seed);
    AsyncSearch search(config, {space, {{"", *oracle}}, *controller, runner, store});
    if (limit == 17) {
      CHECK_THROWS_AS(search.run(), Error);
      recorded = store.trials(Phase::kSearch).size();
      CHECK(recorded < 24);
    } else {
      search.run();
    }
    for (const auto& [id, last] : evaluator.epochs_asked) CHECK(id < 24);
  }
  const auto trials = store.trials(Phase::kSearch);
  CHECK(recorded > 0);
  CHECK(trials.size() == 24);
  CHECK(count_of(trials, TrialStatus::kStopped) > 4);
  CHECK(count_of(trials, TrialStatus::kStopped) + count_of(trials, TrialStatus::kComplete) == 24);
  CHECK(store.best(Phase::kSearch)->status == TrialStatus::kComplete);
}

TEST_CASE("early stopping that cannot work is refused before anything is spent") {
  const std::string training = "accuracy: {training: {epochs: 5}}\n";
  auto config = rung_config();
  config.accuracy.kind = AccuracyKind::kProxy;
  CHECK_NOTHROW(check_early_stopping(config, "here"));
  CHECK(error_for(stopping_file("kind: asha, reduction: 1", training)).find("2") !=
        std::string::npos);
  CHECK(contains(error_for(stopping_file("kind: asha, min_epochs: 5", training)),
                 "min_epochs is 5, but a trial has only accuracy.training.epochs: 5; valid: at "
                 "most 4"));
  CHECK(contains(error_for(stopping_file("kind: median", "accuracy: {kind: formula}\n")),
                 "search.early_stopping.kind median needs learning curves; accuracy.kind formula "
                 "trains nothing and has none; valid: kind none, or accuracy.kind proxy"));
  CHECK(contains(
      error_for(stopping_file("kind: asha", "accuracy: {kind: command, command: [train.py]}\n")),
      "a program of accuracy.kind command would train every rung from the beginning"));
  CHECK(contains(
      error_for(stopping_file("kind: asha", training + "runtime: {trial_checkpoint_s: 0}\n")),
      "runtime.trial_checkpoint_s must be above 0"));
  CHECK(contains(error_for("space: tiny\nsearch: {trials: 4}\nfinal_training: {finalists: 5}\n"),
                 "must be at most search.trials, which is 4; got 5"));
}
