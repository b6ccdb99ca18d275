#include "experiments/finalists.h"

#include <set>

#include "accuracy/evaluators/make_evaluator.h"
#include "core/random.h"
#include "experiments/pricing.h"
#include "experiments/scoring.h"
#include "experiments/store/facts.h"
#include "tests/catch.h"
#include "tests/experiments/async_run.h"
#include "tests/experiments/small_run.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

/// The search believes the formula; a full training finds other accuracies, and fails `failing`.
class FullTraining : public AccuracyEvaluator {
 public:
  explicit FullTraining(AccuracyEvaluator& inner) : inner_(inner) {}
  Evaluation evaluate(const TrialSpec& spec) override {
    specs.push_back(spec);
    Evaluation result = inner_.evaluate(spec);
    RandomStream stream(spec.seed, spec.trial_id, "full training");
    result.accuracy = 0.5 + 0.4 * stream.uniform();
    if (failing.contains(spec.trial_id)) result.status = TrialStatus::kDiverged;
    return result;
  }
  std::set<uint64_t> failing;
  std::vector<TrialSpec> specs;

 private:
  AccuracyEvaluator& inner_;
};

/// Each estimate is slower than the one before.
class DriftingOracle : public LatencyOracle {
 public:
  Latency estimate(const Network&) const override {
    Latency latency;
    latency.ms = 0.4 + 0.01 * ++estimates;
    return latency;
  }
  std::string description() const override { return "drifting"; }
  mutable int estimates = 0;
};

struct Finals {
  ExperimentConfig config = small_config();
  TempFolder folder;
  TrialStore store{folder / "s.sqlite"};
  std::unique_ptr<AccuracyEvaluator> formula = make_evaluator(config.accuracy);
  FullTraining training{*formula};
  DriftingOracle oracle;

  Finals() {
    config.final_training = {.epochs = 7, .finalists = 4};
    InProcessExecutor executor(*formula);
    search_once(config, store, executor);
  }
  void train(int limit = 1 << 30) {
    InProcessExecutor executor(training);
    LimitedExecutor limited(executor, limit);
    TrialRunner runner(limited, config.failures);
    runner.record_in(store);
    const auto recorded =
        recorded_in(store, "", std::make_shared<DriftingOracle>(oracle), Pricing::kFinalists);
    train_finalists(config, {{{"", *recorded}}, runner, store});
    store.set_fact(phase_fact(Phase::kFinalists), "now");
  }
};

}  // namespace

TEST_CASE("finalists are the best different networks, trained in full on the training images") {
  Finals finals;
  const auto chosen = finalists_of(finals.store, 4);
  REQUIRE(chosen.size() == 4);
  std::set<Genotype> genotypes;
  for (const Trial& trial : chosen) genotypes.insert(trial.genotype);
  CHECK(genotypes.size() == 4);
  CHECK(chosen[0].id == finals.store.best(Phase::kSearch)->id);
  for (size_t i = 1; i < 4; ++i) CHECK(chosen[i - 1].reward >= chosen[i].reward);
  CHECK(winner_of(finals.store)->trial.id == chosen[0].id);

  finals.train();
  const auto trained = finals.store.trials(Phase::kFinalists);
  REQUIRE(trained.size() == 4);
  REQUIRE(finals.training.specs.size() == 4);
  for (const TrialSpec& spec : finals.training.specs) {
    CHECK(spec.epochs == 7);
    CHECK_FALSE(spec.test_split);
    CHECK(spec.weights_path.empty());
  }
  const auto pairs = finalist_pairs(finals.store);
  const Trial* best = trained.data();
  for (size_t i = 0; i < 4; ++i) {
    CHECK(trained[i].id == kFirstFinalistId + i);
    CHECK(trained[i].genotype == chosen[i].genotype);
    CHECK(trained[i].latency_ms() == Approx(0.41 + 0.01 * static_cast<double>(i)));
    CHECK(trained[i].reward == Scoring(finals.config).reward(trained[i]));
    CHECK(pairs[i].predicted.id == chosen[i].id);
    CHECK(pairs[i].measured.id == trained[i].id);
    if (better(trained[i], *best)) best = &trained[i];
  }
  const auto winner = winner_of(finals.store);
  CHECK(winner->finalist->id == best->id);
  CHECK(winner->trial.genotype == best->genotype);
  CHECK(winner->trial.phase == Phase::kSearch);
  CHECK(winner->latencies()[0].ms == best->latency_ms());
}

TEST_CASE("finalists that are recorded are not trained again, wherever the run was killed") {
  Finals whole;
  whole.train();
  const auto expected = comparable(whole.store.trials(Phase::kFinalists));
  for (const int limit : {0, 1, 2, 3}) {
    Finals finals;
    CHECK(error_of([&] { finals.train(limit); }) == "stopped during the training of the finalists");
    CHECK_FALSE(winner_of(finals.store)->finalist.has_value());
    finals.train();
    CHECK(comparable(finals.store.trials(Phase::kFinalists)) == expected);
    std::set<uint64_t> ids;
    for (const TrialSpec& spec : finals.training.specs) CHECK(ids.insert(spec.trial_id).second);
    CHECK(ids.size() == 4);
  }
}

TEST_CASE("a finalist that fails cannot win, and all failing ends the run") {
  Finals finals;
  finals.training.failing = {kFirstFinalistId, kFirstFinalistId + 1};
  finals.train();
  CHECK(winner_of(finals.store)->finalist->id >= kFirstFinalistId + 2);
  Finals none;
  for (uint64_t i = 0; i < 4; ++i) none.training.failing.insert(kFirstFinalistId + i);
  CHECK(contains(error_of([&] { none.train(); }), "none of the 4 finalists is complete"));
}

TEST_CASE("with fewer complete networks than finalists, all of them are") {
  Finals finals;
  finals.config.final_training.finalists = 1000;
  const size_t count = finalists_of(finals.store, 1000).size();
  CHECK(count < 25);
  finals.train();
  CHECK(finals.store.trials(Phase::kFinalists).size() == count);
}
