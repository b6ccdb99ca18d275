#include <set>

#include "accuracy/evaluators/make_evaluator.h"
#include "core/file.h"
#include "tests/catch.h"
#include "tests/experiments/small_run.h"
#include "tests/support.h"

using namespace ridgeline;
using test::search_once;
using test::small_config;
using test::TempFolder;

namespace {

class CountingEvaluator : public AccuracyEvaluator {
 public:
  explicit CountingEvaluator(AccuracyEvaluator& inner) : inner_(inner) {}
  Evaluation evaluate(const TrialSpec& spec) override {
    ++evaluations;
    return inner_.evaluate(spec);
  }
  int evaluations = 0;

 private:
  AccuracyEvaluator& inner_;
};

struct Duplicates {
  std::vector<Trial> trials;
  int evaluations = 0;
  int distinct = 0;
};

/// A search of a policy that settles quickly, by `changes`.
Duplicates search_of(const std::string& changes) {
  const auto config = small_config("search.max_latency_ratio=0;" + changes);
  const TempFolder folder;
  TrialStore store(folder / "store.sqlite");
  const auto formula = make_evaluator(config.accuracy);
  CountingEvaluator evaluator(*formula);
  InProcessExecutor executor(evaluator);
  Duplicates outcome;
  outcome.trials = search_once(config, store, executor);
  outcome.evaluations = evaluator.evaluations;
  std::set<Genotype> genotypes;
  for (const auto& trial : outcome.trials) genotypes.insert(trial.genotype);
  outcome.distinct = static_cast<int>(genotypes.size());
  return outcome;
}

/// Long and quick enough to settle, so that networks are proposed again.
const char* const kLong = "search.trials=200;controller.learning_rate=0.02;";

}  // namespace

TEST_CASE("reused networks are trained once, and every trial has a reward") {
  const Duplicates outcome = search_of(kLong);
  CHECK(outcome.trials.size() == 200);
  CHECK(outcome.distinct < 190);
  CHECK(outcome.evaluations == outcome.distinct);
}

TEST_CASE("with resample the search trains more networks in as many trials") {
  const Duplicates outcome = search_of(std::string(kLong) + "search.duplicates=resample");
  CHECK(outcome.trials.size() == 200);
  CHECK(outcome.distinct > search_of(kLong).distinct);
  CHECK(outcome.evaluations == outcome.distinct);
}

TEST_CASE("with measure_again every trial is trained") {
  const Duplicates outcome = search_of(std::string(kLong) + "search.duplicates=measure_again");
  CHECK(outcome.distinct < 190);
  CHECK(outcome.evaluations == 200);
  for (const auto& trial : outcome.trials) {
    CHECK(trial.reused_from < 0);
    CHECK(trial.latency_ms() > 0);
  }
}

TEST_CASE("a search stopped by a kill resamples as the undisturbed one") {
  const auto config = small_config("search.trials=48;search.duplicates=resample");
  const auto evaluator = make_evaluator(config.accuracy);
  const TempFolder folder;
  const TempFolder other;
  TrialStore undisturbed(other / "store.sqlite");
  InProcessExecutor executor(*evaluator);
  search_once(config, undisturbed, executor);
  TrialStore store(folder / "store.sqlite");
  test::ReversedExecutor stopping(*evaluator, 21);
  CHECK_THROWS(search_once(config, store, stopping));
  search_once(config, store, executor);
  CHECK(test::comparable(store.trials(Phase::kSearch)) ==
        test::comparable(undisturbed.trials(Phase::kSearch)));
}

TEST_CASE("a search ends after so many trials without a better reward") {
  const Duplicates outcome =
      search_of("search.trials=400;search.batch=5;search.stop_without_improvement=30");
  REQUIRE(outcome.trials.size() < 400);
  uint64_t best = 0;
  for (const auto& trial : outcome.trials) {
    if (trial.reward > outcome.trials[best].reward) best = trial.id;
  }
  const uint64_t since = outcome.trials.size() - 1 - best;
  CHECK(since >= 30);
  CHECK(since < 35);
}

TEST_CASE("a search ends when the policy's entropy has fallen below the limit") {
  const std::string settling = std::string(kLong) + "controller.entropy_weight=0;";
  const Duplicates outcome = search_of(settling + "search.stop_entropy=4");
  CHECK(outcome.trials.size() < 200);
  CHECK(outcome.trials.size() >= 8);
  CHECK(search_of("search.trials=40;controller.kind=random;search.stop_entropy=2").trials.size() ==
        40);
}

TEST_CASE("known architectures are proposed first, and others are refused by file and field") {
  auto config = small_config();
  const TempFolder folder;
  const SearchSpace space = config.search_space();
  RandomStream stream(3);
  std::vector<Genotype> known;
  std::vector<std::string> files;
  for (int i = 0; i < 5; ++i) {
    known.push_back(random_genotype(space.decisions(), stream));
    const auto file = folder / ("known" + std::to_string(i) + ".yaml");
    Architecture exported = space.decode(known.back());
    exported.classes = 7;  // of the data of another run
    write_file_atomic(file, to_yaml(exported));
    files.push_back(file.string());
  }
  config.search.warm_start = files;
  TrialStore store(folder / "store.sqlite");
  const auto evaluator = make_evaluator(config.accuracy);
  InProcessExecutor executor(*evaluator);
  const auto trials = search_once(config, store, executor);
  for (size_t i = 0; i < 5; ++i) CHECK(trials[i].genotype == known[i]);
  Architecture other = space.decode(known[0]);
  other.stages[0].filters = 24;
  write_file_atomic(folder / "known1.yaml", to_yaml(other));
  const std::string message = test::error_of([&] { search_once(config, store, executor); });
  CHECK_THAT(message, Catch::Contains("known1.yaml is not in space 'small'"));
  CHECK_THAT(message, Catch::Contains("filters"));
}
