#include "experiments/scaling_run.h"

#include <utility>

#include "accuracy/training/make_evaluator.h"
#include "network/cost.h"
#include "tests/catch.h"
#include "tests/experiments/small_run.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

Architecture base() {
  Architecture a = small_config().search_space().decode({1, 1, 1, 1, 1, 1, 1, 1});
  a.name = "base";
  return a;
}

/// The first evaluation fails.
class FailingOnce : public AccuracyEvaluator {
 public:
  explicit FailingOnce(AccuracyEvaluator& inner) : inner_(inner) {}
  Evaluation evaluate(const TrialSpec& spec) override {
    if (std::exchange(failed_, true)) return inner_.evaluate(spec);
    return {.status = TrialStatus::kDiverged, .message = "loss became NaN"};
  }

 private:
  AccuracyEvaluator& inner_;
  bool failed_ = false;
};

LacsResult lacs(const ExperimentConfig& config, TrialStore& store, Executor& executor) {
  const auto oracle = make_oracle(config.latency);
  TrialRunner runner(executor);
  return run_lacs(config, base(), {{{"", *oracle}}, runner, store});
}

}  // namespace

TEST_CASE("LACS meets the target latency and records every candidate as a trial") {
  const auto config = small_config();
  TempFolder folder;
  TrialStore store(folder / "s.sqlite");
  const auto evaluator = make_evaluator(config.accuracy);
  InProcessExecutor executor(*evaluator);
  const LacsResult result = lacs(config, store, executor);
  const auto oracle = make_oracle(config.latency);
  const double base_ms = oracle->estimate(lower(base())).ms;
  CHECK(result.target_ms == Approx(2 * base_ms));
  const auto trials = store.trials(Phase::kScaling);
  REQUIRE(trials.size() == result.candidates.size());
  for (size_t i = 0; i < trials.size(); ++i) {
    CHECK(trials[i].id == kFirstScalingId + i);
    CHECK(std::abs(trials[i].latency_ms() / result.target_ms - 1) <= config.scaling.grid.tolerance);
    CHECK(trials[i].reward ==
          Approx(trials[i].accuracy * std::pow(trials[i].latency_ms() / result.target_ms, -0.09)));
    CHECK(trials[i].reward == result.candidates[i].reward);
    REQUIRE(trials[i].coefficients.has_value());
    CHECK(trials[i].coefficients->alpha == result.candidates[i].coefficients.alpha);
    CHECK(trials[i].coefficients->beta == result.candidates[i].coefficients.beta);
    CHECK(trials[i].coefficients->gamma == result.candidates[i].coefficients.gamma);
    CHECK(trials[i].cause.empty());
  }
  REQUIRE(result.family.size() == 3);
  CHECK(result.family[0].architecture == base());
  CHECK(result.family[1].latency_ms > result.family[0].latency_ms);
}

TEST_CASE("a scaling trial that fails keeps its coefficients and its cause") {
  const auto config = small_config();
  TempFolder folder;
  TrialStore store(folder / "s.sqlite");
  const auto evaluator = make_evaluator(config.accuracy);
  FailingOnce failing(*evaluator);
  InProcessExecutor executor(failing);
  const LacsResult result = lacs(config, store, executor);
  const Trial failed = *store.find(kFirstScalingId);
  CHECK(failed.status == TrialStatus::kDiverged);
  CHECK(failed.cause == "loss became NaN");
  REQUIRE(failed.coefficients.has_value());
  CHECK(failed.coefficients->alpha == result.candidates[0].coefficients.alpha);
  CHECK(result.candidates[0].failed);
}

TEST_CASE(
    "LACS stopped after any candidate and resumed ends with the undisturbed trials and "
    "coefficients") {
  const auto config = small_config();
  const auto evaluator = make_evaluator(config.accuracy);
  TempFolder whole;
  TrialStore expected(whole / "s.sqlite");
  InProcessExecutor executor(*evaluator);
  const LacsResult undisturbed = lacs(config, expected, executor);
  for (int stop = 0; stop < static_cast<int>(undisturbed.candidates.size()); ++stop) {
    TempFolder folder;
    TrialStore store(folder / "s.sqlite");
    ReversedExecutor stopped(*evaluator, stop);
    CHECK(error_of([&] {
            lacs(config, store, stopped);
          }).find("stopped during the search of scaling coefficients") == 0);
    InProcessExecutor rest(*evaluator);
    const LacsResult resumed = lacs(config, store, rest);
    CHECK(comparable(store.trials(Phase::kScaling)) ==
          comparable(expected.trials(Phase::kScaling)));
    CHECK(resumed.best.alpha == undisturbed.best.alpha);
    CHECK(resumed.best.beta == undisturbed.best.beta);
    CHECK(resumed.best.gamma == undisturbed.best.gamma);
  }
}

TEST_CASE("the reward's limits hold scaled networks, whatever the kind of the reward") {
  const OperatorCost own = cost(lower(base())).total;
  for (const char* kind : {"mnas_soft", "constraint"}) {
    auto config = small_config(std::string("reward.kind=") + kind);
    const auto evaluator = make_evaluator(config.accuracy);
    InProcessExecutor executor(*evaluator);
    TempFolder folder;
    TrialStore open(folder / "open.sqlite");
    int64_t most = 0;
    for (const auto& candidate : lacs(config, open, executor).candidates)
      most = std::max(most, cost(lower(candidate.architecture)).total.params);
    REQUIRE(most > own.params);

    config.reward.limits.params = static_cast<double>(most - 1);
    TrialStore held(folder / "held.sqlite");
    const LacsResult result = lacs(config, held, executor);
    CHECK_FALSE(result.candidates.empty());
    for (const auto& trial : held.trials(Phase::kScaling)) CHECK(trial.params < most);
    for (const auto& member : result.family) {
      const bool over = cost(lower(member.architecture)).total.params >= most;
      CHECK((member.over_limit.find("parameters are over the limit of") != std::string::npos) ==
            over);
    }
    config.reward.limits.params = static_cast<double>(own.params);
    config.reward.limits.madds = static_cast<double>(own.madds);
    TrialStore none(folder / "none.sqlite");
    CHECK(lacs(config, none, executor).refused.find("over the limit of") != std::string::npos);
    CHECK(none.trials(Phase::kScaling).empty());
  }
}
