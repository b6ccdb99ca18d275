#include "experiments/scaling_run.h"

#include <utility>

#include "accuracy/evaluators/make_evaluator.h"
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

TEST_CASE("a star design is trained as trials, confirmed by training, and resumed to the same") {
  auto config = small_config("scaling.score=star;scaling.star_points=7");
  const auto evaluator = make_evaluator(config.accuracy);
  InProcessExecutor executor(*evaluator);
  TempFolder whole;
  TrialStore expected(whole / "s.sqlite");
  const LacsResult result = lacs(config, expected, executor);
  REQUIRE(result.star.has_value());
  CHECK(result.star->points.size() == 7);
  const auto trials = expected.trials(Phase::kScaling);
  CHECK(trials.size() <= 10);
  CHECK(trials.size() >= 7 + 1);
  CHECK(trials[0].architecture == base());
  for (const int stop : {3, 7}) {
    TempFolder folder;
    TrialStore store(folder / "s.sqlite");
    ReversedExecutor stopped(*evaluator, stop);
    error_of([&] { lacs(config, store, stopped); });
    InProcessExecutor rest(*evaluator);
    CHECK(lacs(config, store, rest).best.alpha == result.best.alpha);
    CHECK(comparable(store.trials(Phase::kScaling)) == comparable(trials));
  }
}

TEST_CASE("the search on unrounded dimensions goes by a surface and an analytic oracle only") {
  auto config = small_config("scaling.continuous=true;scaling.score=star");
  const auto evaluator = make_evaluator(config.accuracy);
  InProcessExecutor executor(*evaluator);
  TempFolder folder;
  TrialStore store(folder / "s.sqlite");
  const LacsResult result = lacs(config, store, executor);
  CHECK(result.best.alpha >= 1);
  CHECK_FALSE(result.candidates.empty());
  config.scaling.score = TripleScore::kTraining;
  CHECK(contains(error_of([&] { lacs(config, store, executor); }),
                 "scaling.continuous: needs scaling.score: star"));
}

TEST_CASE("further trainings of the best network are trials of their own, made once") {
  const auto config = small_config("scaling.noise_repeats=2");
  const auto evaluator = make_evaluator(config.accuracy);
  InProcessExecutor executor(*evaluator);
  TempFolder folder;
  TrialStore store(folder / "s.sqlite");
  const LacsResult result = lacs(config, store, executor);
  CHECK(result.plateau.noise.trainings == 3);
  CHECK(result.plateau.noise.deviation == 0);  // of a formula
  CHECK(store.count(Phase::kScaling) == result.candidates.size() + 2);
  lacs(config, store, executor);
  CHECK(store.count(Phase::kScaling) == result.candidates.size() + 2);
}

TEST_CASE("a family is trained on request, and priced on every hardware that is named") {
  const auto config = small_config("scaling.train_family=true;scaling.price_on=[tpu_v3, t4]");
  const auto evaluator = make_evaluator(config.accuracy);
  InProcessExecutor executor(*evaluator);
  TempFolder folder;
  TrialStore store(folder / "s.sqlite");
  const LacsResult result = lacs(config, store, executor);
  for (const auto& member : result.family) {
    CHECK(member.accuracy.has_value());
    CHECK(member.intensity > 0);
    REQUIRE(member.elsewhere.size() == 2);
    CHECK(member.elsewhere[0].name == "tpu_v3");
    LatencyConfig tpu = config.latency;
    tpu.hardware = "tpu_v3";
    CHECK(member.elsewhere[0].ms ==
          make_oracle(tpu)->estimate_architecture(member.architecture).ms);
  }
  REQUIRE(result.elasticities.size() == 4);
  CHECK(result.elasticities[1].name == "tpu_v3");
  CHECK(result.elasticities[3].name == "multiply-adds");
}

TEST_CASE("members stand nearest to their targets that the resolution permits") {
  const auto config = small_config("scaling.latency_ratio=1.6");
  const auto evaluator = make_evaluator(config.accuracy);
  InProcessExecutor executor(*evaluator);
  TempFolder folder;
  TrialStore store(folder / "s.sqlite");
  const auto oracle = make_oracle(config.latency);
  for (const auto& member : lacs(config, store, executor).family) {
    if (member.phi == 0) continue;
    const double off = std::abs(std::log(member.latency_ms / member.target_ms));
    for (const int px : {-1, 1}) {
      Architecture other = member.architecture;
      other.resolution += px;
      const double ms = oracle->estimate_architecture(other).ms;
      CHECK(off <= std::abs(std::log(ms / member.target_ms)));
    }
  }
}

TEST_CASE("the scaling keys of earlier runs still load and keep their meaning") {
  const auto config = small_config(
      "scaling={enabled: true, latency_ratio: 3, level: 2, tolerance: 0.05, max_alpha: 1.5, "
      "max_beta: 1.4, max_gamma: 1.3, coarse_step: 0.2, fine_step: 0.02, max_candidates: 4, "
      "resolution_multiple: 8, family: [0, 2]}");
  CHECK(config.scaling.mode == ScalingMode::kLacs);
  CHECK(config.scaling.grid.max_gamma == 1.3);
  CHECK(config.scaling.grid.max_candidates == 4);
  CHECK(config.scaling.rounding.resolution_multiple == 8);
}
