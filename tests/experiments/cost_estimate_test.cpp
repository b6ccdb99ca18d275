#include "experiments/cost_estimate.h"

#include "tests/catch.h"
#include "tests/experiments/small_run.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

/// Gives a fixed answer, and notes what it was asked for.
class NotingEvaluator : public AccuracyEvaluator {
 public:
  explicit NotingEvaluator(Evaluation answer) : answer_(std::move(answer)) {}
  Evaluation evaluate(const TrialSpec& spec) override {
    asked.push_back(spec);
    return answer_;
  }
  std::vector<TrialSpec> asked;

 private:
  Evaluation answer_;
};

}  // namespace

TEST_CASE("a search of batches costs the rounds that its workers need for each batch") {
  auto config = small_config("search.trials=50;search.batch=8;runtime.workers=3");
  config.runtime.executor = ExecutorKind::kLocal;
  const CostEstimate estimate = estimate_cost(config, 10, 50);
  CHECK(estimate.work_s == 500);
  CHECK(estimate.workers == 3);
  CHECK(estimate.wall_s == (6 * 3 + 1) * 10);  // 6 batches of 8, one of 2
  CHECK(estimate.str() ==
        "one trial takes about 10s: 50 trials are 8m20s of work, 3m10s with 3 at a time, if none "
        "is a repeat; then about 30s of final training and up to 1m00s of 9 scaled networks: 4m40s "
        "in all");
  config.runtime.workers = 100;  // more than a batch has work for
  CHECK(estimate_cost(config, 10, 50).wall_s == 70);
  config.search.mode = SearchMode::kAsynchronous;
  CHECK(estimate_cost(config, 10, 50).wall_s == 10);
}

TEST_CASE("final training costs its epochs, a scaled network its latency ratio in trials") {
  auto config = small_config("runtime.workers=2");
  config.accuracy.training.epochs = 5;
  config.final_training.epochs = 20;
  config.runtime.executor = ExecutorKind::kLocal;
  config.scaling.latency_ratio = 3;
  const CostEstimate estimate = estimate_cost(config, 10, 4);
  CHECK(estimate.final_s == 40);
  CHECK(estimate.scaling_trials == 9);
  CHECK(estimate.scaling_wall_s == 3 * 2 * 30);  // three grids of 3 candidates, 2 at a time
  CHECK(estimate.total_s() == 20 + 40 + 180);
  config.final_training.epochs = 0;  // as in the trials
  config.scaling.enabled = false;
  CHECK(estimate_cost(config, 10, 4).total_s() == 20 + 10);
}

TEST_CASE("trials in this process run one by one, on Slurm as many as a batch or its limit has") {
  auto config = small_config("search.batch=8");
  CHECK(estimate_cost(config, 10, 24).wall_s == 240);
  config.runtime.executor = ExecutorKind::kSlurm;
  CHECK(estimate_cost(config, 10, 24).wall_s == 30);
  config.runtime.slurm.array_limit = 4;
  CHECK(estimate_cost(config, 10, 24).wall_s == 60);
}

TEST_CASE("the mean trial leaves out what was not trained to the end") {
  Trial trained, failed, repeat;
  trained.status = TrialStatus::kComplete;
  trained.seconds = 3;
  failed.seconds = 100;
  failed.status = TrialStatus::kCrashed;
  repeat = trained;
  repeat.seconds = 0;
  repeat.reused_from = 0;
  CHECK(mean_trial_seconds(std::vector<Trial>{trained, failed, repeat}) == 3);
  CHECK(mean_trial_seconds({}) == 0);
}

TEST_CASE("a dry trial trains one epoch under its own id and tells what all epochs would take") {
  auto config = small_config();
  config.accuracy.training.epochs = 7;
  const SearchSpace space = config.search_space();
  RandomStream stream(1);
  const Architecture architecture = space.decode(random_genotype(space.decisions(), stream));
  NotingEvaluator evaluator({.seconds = 1000, .message = {}});
  InProcessExecutor executor(evaluator);
  const double seconds = dry_trial_seconds(config, architecture, executor);
  CHECK(seconds == 7000);  // the evaluator claims more than the wall time: no start-up is left
  REQUIRE(evaluator.asked.size() == 1);
  CHECK(evaluator.asked[0].trial_id == kDryTrialId);
  CHECK(evaluator.asked[0].epochs == 1);
  CHECK(evaluator.asked[0].architecture == architecture);
}

TEST_CASE("a dry trial that fails tells the cause") {
  const auto config = small_config();
  const SearchSpace space = config.search_space();
  RandomStream stream(1);
  const Architecture architecture = space.decode(random_genotype(space.decisions(), stream));
  NotingEvaluator evaluator({.status = TrialStatus::kOutOfMemory, .message = "no room"});
  InProcessExecutor executor(evaluator);
  CHECK(error_of([&] { dry_trial_seconds(config, architecture, executor); }) ==
        "the dry trial ended as out_of_memory: no room");
}
