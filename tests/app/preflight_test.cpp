#include "core/file.h"
#include "experiments/store/store.h"
#include "tests/app/program.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using test::run_program;
using test::TempFolder;

namespace {

test::Outcome checked_search(const std::string& folder, const std::vector<std::string>& settings) {
  std::vector<std::string> arguments = {"search", test::source_folder() / "configs/quickstart.yaml",
                                        "--run", folder};
  for (const auto& setting : settings) arguments.insert(arguments.end(), {"--set", setting});
  return run_program(arguments);
}

/// A search that trains two networks a little.
std::vector<std::string> tiny_training(bool dry_trial) {
  return {"search.trials=2",
          "search.batch=2",
          "accuracy.training.epochs=2",
          "accuracy.data.train_per_class=6",
          "accuracy.data.test_per_class=2",
          "accuracy.data.classes=2",
          "final_training.epochs=1",
          "scaling.enabled=false",
          std::string("runtime.dry_trial=") + (dry_trial ? "true" : "false")};
}

std::vector<std::string> checked_results(const std::filesystem::path& run) {
  std::vector<std::string> texts;
  for (const auto& t : TrialStore(run / "store.sqlite", true).trials(Phase::kSearch))
    texts.push_back(to_text(t.genotype) + " " + ConfigWriter::plain_number(t.accuracy) + " " +
                    ConfigWriter::plain_number(t.loss));
  return texts;
}

}  // namespace

TEST_CASE("a target out of reach ends a run before its first trial, exit code 7") {
  TempFolder folder;
  const auto outcome =
      checked_search(folder / "run", {"accuracy.kind=formula", "reward.target_ms=0.001"});
  CHECK(outcome.exit_code == 7);
  CHECK_THAT(outcome.err, Catch::Contains("reward.target_ms: out of reach"));
  CHECK(TrialStore(folder / "run/store.sqlite", true).count(Phase::kSearch) == 0);
}

TEST_CASE("a dry trial tells the cost before the run, and no trial depends on it") {
  TempFolder folder;
  const auto with = checked_search(folder / "with", tiny_training(true));
  REQUIRE(with.exit_code == 0);
  CHECK_THAT(with.err, Catch::Contains("dry trial: one epoch"));
  CHECK_THAT(with.err, Catch::Contains("one trial takes about ") &&
                           Catch::Contains(": 2 trials are ") &&
                           Catch::Contains(" with 2 at a time"));
  const auto without = checked_search(folder / "without", tiny_training(false));
  REQUIRE(without.exit_code == 0);
  CHECK_THAT(without.err, !Catch::Contains("dry trial") && !Catch::Contains("one trial takes"));
  CHECK(checked_results(folder / "with").size() == 2);
  CHECK(checked_results(folder / "with") == checked_results(folder / "without"));
  const TrialStore store(folder / "with/store.sqlite", true);
  CHECK(store.recorded_attempts().size() == 3);  // two trials and the final training
}

TEST_CASE("validate needs no GPU, and says which one the search will miss") {
  const auto validate = [](const std::vector<std::string>& settings) {
    std::vector<std::string> arguments = {"validate",
                                          test::source_folder() / "configs/quickstart.yaml"};
    for (const auto& setting : settings) arguments.insert(arguments.end(), {"--set", setting});
    return run_program(arguments);
  };
  auto outcome = validate({"accuracy.training.device=cuda:99"});
  CHECK(outcome.exit_code == 0);
  CHECK_THAT(outcome.out,
             Catch::Contains("accuracy.training.device: cuda:99 is not on this machine"));
  outcome = validate({"accuracy.training.device=cuda:99", "runtime.executor=slurm"});
  CHECK(outcome.exit_code == 0);
  CHECK_THAT(outcome.out, !Catch::Contains("cuda:99"));
  outcome = validate({"latency.kind=measured", "latency.device=cuda:99"});
  CHECK(outcome.exit_code == 0);
  CHECK_THAT(outcome.out,
             Catch::Contains("latency: measured on cuda:99, which this machine has not"));
  outcome = validate({"accuracy.training.device=gpu"});
  CHECK(outcome.exit_code == 3);
  CHECK_THAT(outcome.err, Catch::Contains("device 'gpu' is not known"));
}

TEST_CASE("a search whose trials run here needs their GPU, before anything is spent") {
  TempFolder folder;
  const auto outcome = checked_search(folder / "run", {"accuracy.training.device=cuda:99"});
  CHECK(outcome.exit_code == 3);
  CHECK_THAT(outcome.err,
             Catch::Contains("accuracy.training.device: device 'cuda:99' is not there") &&
                 Catch::Contains("runtime.executor: local"));
  CHECK(TrialStore(folder / "run/store.sqlite", true).count(Phase::kSearch) == 0);
}

TEST_CASE("a search that measures on a GPU needs it, whoever trains") {
  TempFolder folder;
  const auto outcome = checked_search(
      folder / "run", {"latency.kind=measured", "latency.device=cuda:99", "accuracy.kind=formula"});
  CHECK(outcome.exit_code == 3);
  CHECK_THAT(outcome.err, Catch::Contains("latency.device: device 'cuda:99' is not there") &&
                              Catch::Contains("the search itself measures latency there"));
}
