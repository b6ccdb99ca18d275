#include "accuracy/evaluators/make_evaluator.h"
#include "controller/policy/make_controller.h"
#include "experiments/checkpoint.h"
#include "tests/catch.h"
#include "tests/experiments/small_run.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

struct Searched {
  int updates;
  size_t samples_learned;
  std::string controller;
};

Searched search(const ExperimentConfig& config, TrialStore& store, AccuracyEvaluator& evaluator) {
  const SearchSpace space = config.search_space();
  const auto oracle = make_oracle(config.latency);
  CountingController controller(make_controller(config.controller, space.decisions(), config.seed));
  InProcessExecutor executor(evaluator);
  TrialRunner runner(executor, config.failures);
  runner.record_in(store);
  Search(config, {space, {{"", *oracle}}, controller, runner, store}).run();
  return {controller.updates, controller.samples_learned, controller.save()};
}

/// Fails every third trial for good.
class SometimesDiverging : public AccuracyEvaluator {
 public:
  explicit SometimesDiverging(AccuracyEvaluator& inner) : inner_(inner) {}
  Evaluation evaluate(const TrialSpec& spec) override {
    if (spec.trial_id % 3 != 0) return inner_.evaluate(spec);
    Evaluation failed;
    failed.status = TrialStatus::kDiverged;
    failed.message = "loss became NaN";
    return failed;
  }

 private:
  AccuracyEvaluator& inner_;
};

/// The disk is full from one trial on, until there is room again.
class FullDisk : public AccuracyEvaluator {
 public:
  explicit FullDisk(AccuracyEvaluator& inner) : inner_(inner) {}
  Evaluation evaluate(const TrialSpec& spec) override {
    if (spec.trial_id < full_from) return inner_.evaluate(spec);
    ++refused;
    throw Error(ErrorKind::kIo, "/data/cache: cannot write: No space left on device");
  }
  uint64_t full_from = 0;
  int refused = 0;

 private:
  AccuracyEvaluator& inner_;
};

}  // namespace

TEST_CASE("a resumed search replays only what came after the newest checkpoint, to the same end") {
  const auto evaluator = make_evaluator(small_config().accuracy);
  TempFolder folder;
  TrialStore whole(folder / "whole.sqlite");
  const Searched expected = search(small_config("runtime.checkpoint_batches=0"), whole, *evaluator);
  CHECK(whole.checkpoints().empty());
  TrialStore store(folder / "s.sqlite");
  // 16 of 24 trials, then the rest: 4 batches, of which the third has a checkpoint after it.
  search(small_config("search.trials=16;runtime.checkpoint_batches=3"), store, *evaluator);
  REQUIRE(store.checkpoints().size() == 1);
  CHECK(store.checkpoints()[0].trials == 12);
  const Searched resumed = search(small_config("runtime.checkpoint_batches=3"), store, *evaluator);
  CHECK(resumed.updates == 3);
  CHECK(resumed.controller == expected.controller);
  CHECK(comparable(store.trials(Phase::kSearch)) == comparable(whole.trials(Phase::kSearch)));
  CHECK(store.batches() == 6);
}

TEST_CASE("a screened search resumes to the same trials, by replay and from a checkpoint") {
  const std::string screened = "controller.screening=4;controller.redraws=5;search.trials=";
  const auto evaluator = make_evaluator(small_config().accuracy);
  TempFolder folder;
  TrialStore whole(folder / "whole.sqlite");
  const Searched expected =
      search(small_config(screened + "40;runtime.checkpoint_batches=0"), whole, *evaluator);
  TrialStore unscreened(folder / "unscreened.sqlite");
  search(small_config("controller.redraws=5;search.trials=40"), unscreened, *evaluator);
  const auto trials = comparable(whole.trials(Phase::kSearch));
  CHECK(trials != comparable(unscreened.trials(Phase::kSearch)));
  for (const std::string every : {"0", "3"}) {
    TrialStore store(folder / (every + ".sqlite"));
    const std::string batches = ";runtime.checkpoint_batches=" + every;
    search(small_config(screened + "12" + batches), store, *evaluator);  // none is screened yet
    search(small_config(screened + "28" + batches), store, *evaluator);
    const Searched resumed = search(small_config(screened + "40" + batches), store, *evaluator);
    CHECK(resumed.updates == (every == "0" ? 10 : 4));
    CHECK(resumed.controller == expected.controller);
    CHECK(comparable(store.trials(Phase::kSearch)) == trials);
  }
}

TEST_CASE("a checkpoint of other trials is not used") {
  const auto evaluator = make_evaluator(small_config().accuracy);
  TempFolder folder;
  TrialStore store(folder / "s.sqlite");
  search(small_config("runtime.checkpoint_batches=2"), store, *evaluator);
  auto trials = store.trials(Phase::kSearch);
  const auto config = small_config();
  const auto controller =
      make_controller(config.controller, config.search_space().decisions(), config.seed);
  CHECK(restore_checkpoint(store, trials, *controller)->trials == 24);
  trials[21].reward += 1e-9;  // the newest covers it, the one before does not
  CHECK(restore_checkpoint(store, trials, *controller)->trials == 16);
  trials[3].genotype[0] ^= 1;
  CHECK_FALSE(restore_checkpoint(store, trials, *controller).has_value());
  trials.resize(10);
  CHECK_FALSE(restore_checkpoint(store, trials, *controller).has_value());
}

TEST_CASE(
    "an ignored failure takes no part in the update, a penalised one does, stop ends the run") {
  const auto inner = make_evaluator(small_config().accuracy);
  SometimesDiverging evaluator(*inner);
  for (const char* effect : {"penalise", "ignore"}) {
    TempFolder folder;
    TrialStore store(folder / "s.sqlite");
    const Searched outcome =
        search(small_config(std::string("failures.diverged=") + effect), store, evaluator);
    size_t failed = 0;
    for (const auto& trial : store.trials(Phase::kSearch))
      failed += trial.status == TrialStatus::kDiverged ? 1 : 0;
    CHECK(failed > 0);
    CHECK(outcome.samples_learned == (std::string(effect) == "ignore" ? 24 - failed : 24));
  }
  TempFolder folder;
  TrialStore store(folder / "s.sqlite");
  CHECK(error_of([&] {
          search(small_config("failures.diverged=stop"), store, evaluator);
        }).find("trial 0 ended as diverged: loss became NaN; failures.diverged is stop") == 0);
  CHECK(store.trials(Phase::kSearch).size() == 1);
}

TEST_CASE("a full disk stops the run with its reason, teaches nothing, and a resumed run goes on") {
  const auto evaluator = make_evaluator(small_config().accuracy);
  const auto config = small_config("failures.infrastructure_retries=2;failures.backoff_s=0");
  TempFolder folder;
  TrialStore whole(folder / "whole.sqlite"), store(folder / "s.sqlite");
  const Searched expected = search(config, whole, *evaluator);
  FullDisk disk(*evaluator);
  for (const uint64_t full_from : {6, 10}) {
    disk.full_from = full_from;
    disk.refused = 0;
    CHECK(
        contains(error_of([&] { search(config, store, disk); }),
                 "was lost 3 times, at last: /data/cache: cannot write: No space left on device"));
    CHECK(disk.refused >= 3);
    const auto trials = store.trials(Phase::kSearch);
    CHECK(trials.size() < 24);
    for (const Trial& trial : trials) CHECK(trial.status == TrialStatus::kComplete);
  }
  disk.full_from = 1000;
  CHECK(search(config, store, disk).controller == expected.controller);
  CHECK(comparable(store.trials(Phase::kSearch)) == comparable(whole.trials(Phase::kSearch)));
}
