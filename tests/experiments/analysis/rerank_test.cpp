#include "experiments/analysis/rerank.h"

#include "accuracy/evaluators/make_evaluator.h"
#include "core/file.h"
#include "experiments/scoring.h"
#include "tests/catch.h"
#include "tests/experiments/small_run.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

Trial trial_of(uint64_t id, double accuracy, double latency_ms, const ExperimentConfig& config) {
  Trial trial;
  trial.id = id;
  trial.status = TrialStatus::kComplete;
  trial.accuracy = accuracy;
  trial.latencies = {{"", latency_ms}};
  trial.reward = Scoring(config).reward(trial);
  return trial;
}

std::vector<uint64_t> ids(const Reranking& reranking) {
  std::vector<uint64_t> result;
  for (const auto& row : reranking.ranked) result.push_back(row.trial.id);
  return result;
}

using Ids = std::vector<uint64_t>;

/// Three networks on a front, under a target of 10 ms: 0.7 @ 5, 0.75 @ 10, 0.8 @ 20.
std::vector<Trial> front(const ExperimentConfig& config) {
  return {trial_of(0, 0.7, 5, config), trial_of(1, 0.75, 10, config), trial_of(2, 0.8, 20, config)};
}

}  // namespace

TEST_CASE("another target or kind ranks the trained networks anew") {
  const auto config = small_config("reward.target_ms=10;reward.kind=tunas;reward.beta=-0.3");
  const auto trials = front(config);
  CHECK(ids(rerank_trials(trials, config)) == Ids{1, 0, 2});
  const auto slower = small_config("reward.target_ms=20;reward.kind=tunas;reward.beta=-0.3");
  const auto reranking = rerank_trials(trials, slower);
  CHECK(ids(reranking) == Ids{2, 1, 0});
  CHECK(reranking.ranked[0].reward == 0.8);
  CHECK(reranking.ranked[0].rank_before == 3);
  CHECK(reranking.ranked[0].trial.reward == Approx(0.5));  // the run's own
  CHECK(ids(rerank_trials(trials, small_config("reward.target_ms=5;reward.kind=mnas_hard"))) ==
        Ids{0, 1, 2});
}

TEST_CASE("what a limit or a constraint rules out comes last, with the cause") {
  auto trials = front(small_config("reward.target_ms=10"));
  const auto constrained =
      rerank_trials(trials, small_config("reward.target_ms=12;reward.kind=constraint"));
  CHECK(ids(constrained) == Ids{1, 0, 2});
  CHECK(constrained.excluded == 1);
  CHECK(constrained.ranked[2].excluded == "latency 20.0 ms is over the target of 12.0 ms");
  trials[1].params = 100;
  const auto limited =
      rerank_trials(trials, small_config("reward.target_ms=10;reward.limits.params=99"));
  CHECK(limited.excluded == 1);
  CHECK(limited.ranked[2].trial.id == 1);
}

TEST_CASE("repeats are left out, failures and untrained networks are counted") {
  const auto config = small_config("reward.target_ms=10");
  auto trials = front(config);
  for (const auto status : {TrialStatus::kInfeasible, TrialStatus::kInfeasible,
                            TrialStatus::kDiverged, TrialStatus::kComplete}) {
    Trial trial;
    trial.id = trials.size();
    trial.status = status;
    trials.push_back(trial);
  }
  trials.back().reused_from = 0;
  const auto reranking = rerank_trials(trials, config);
  CHECK(reranking.ranked.size() == 3);
  CHECK(reranking.untrained == 2);
  CHECK(reranking.failed == 1);
  const std::vector<Trial> none(trials.begin() + 3, trials.begin() + 6);
  CHECK(error_of([&] { rerank_trials(none, config); }) ==
        "no trial is complete, so that there is nothing to rank: 2 were ruled out before training, "
        "1 failed");
}

TEST_CASE("a limit on memory is checked on the stored architectures") {
  const auto config = small_config();
  TempFolder folder;
  const auto evaluator = make_evaluator(config.accuracy);
  InProcessExecutor executor(*evaluator);
  TrialStore store(folder / "store.sqlite");
  const auto trials = search_once(config, store, executor);
  const auto all = rerank_trials(trials, small_config("reward.limits.memory_mib=1000"));
  CHECK(all.excluded == 0);
  const auto none = rerank_trials(trials, small_config("reward.limits.memory_mib=0.1"));
  CHECK(none.excluded == none.ranked.size());
  CHECK(contains(none.ranked[0].excluded, "MiB of memory are over the limit of 0.10 MiB"));
}

TEST_CASE("only the reward can be changed, and another kind starts from its own defaults") {
  TempFolder folder;
  auto config = small_config("reward.alpha=-0.05;reward.beta=-0.2;search.failure_reward=0");
  const auto file = folder / "config.yaml";
  write_file_atomic(file, config.resolved());
  const auto tunas = changed_reward(file, {"reward.kind=tunas", "reward.target_ms=0.25"});
  CHECK(tunas.reward.kind == RewardKind::kTunas);
  CHECK(tunas.reward.target_ms == 0.25);
  CHECK_FALSE(tunas.reward.alpha.has_value());
  CHECK_FALSE(tunas.reward.beta.has_value());
  CHECK(changed_reward(file, {"reward.target_ms=0.25"}).reward.beta == -0.2);
  CHECK(changed_reward(file, {"reward.kind=tunas", "reward.beta=-0.3"}).reward.beta == -0.3);
  CHECK(contains(error_of([&] { changed_reward(file, {"seed=2"}); }), "changes reward.* only"));
  CHECK(contains(error_of([&] { changed_reward(file, {"reward.w=0.1"}); }), "w must be negative"));
}
