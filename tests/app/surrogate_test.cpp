#include <nlohmann/json.hpp>

#include "core/file.h"
#include "experiments/store/store.h"
#include "tests/app/program.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;
using Catch::Contains;

namespace {

/// A search of the tiny space, whose accuracies come from `settings`.
Outcome search(const std::string& run, const std::vector<std::string>& settings) {
  std::vector<std::string> arguments = {"search", source_folder() / "configs/quickstart.yaml",
                                        "--run", run};
  std::vector<std::string> all = {"search.batch=10", "controller.kind=evolution",
                                  "scaling.enabled=false", "export.formats=[yaml]"};
  all.insert(all.end(), settings.begin(), settings.end());
  for (const auto& setting : all) arguments.insert(arguments.end(), {"--set", setting});
  return run_program(arguments);
}

}  // namespace

TEST_CASE("ridgeline surrogate: fitted to a run's trials, it answers, and is searched with") {
  const TempFolder folder;
  const std::string run = folder / "run", file = folder / "s.json";
  const Outcome first = search(run, {"accuracy.kind=formula", "search.trials=80"});
  INFO(first.err);
  REQUIRE(first.exit_code == 0);
  const Outcome fit = run_program({"surrogate", "fit", run, "--out", file});
  INFO(fit.err);
  REQUIRE(fit.exit_code == 0);
  CHECK_THAT(fit.out, Contains(" rows used: ") && Contains("Kendall") &&
                          Contains("in 90 % interval") && Contains("folds:\n") &&
                          Contains("of the smallest RMSE\n") && Contains("wrote " + file));

  const std::string best = folder / "run" / "best" / "architecture.yaml";
  const Outcome predicted = run_program({"surrogate", "predict", file, best});
  CHECK(predicted.exit_code == 0);
  CHECK_THAT(predicted.out, Contains("accuracy %") && Contains(best));
  const auto json =
      nlohmann::json::parse(run_program({"surrogate", "predict", file, best, "--json"}).out);
  const double accuracy =
      TrialStore(folder / "run/store.sqlite", true).best(Phase::kSearch)->accuracy;
  CHECK(json[0].at("accuracy").get<double>() ==
        Approx(accuracy).margin(4 * json[0].at("standard_deviation").get<double>()));

  const std::string second = folder / "second";
  const Outcome again =
      search(second, {"accuracy.kind=surrogate", "accuracy.surrogate=" + file, "search.trials=40"});
  INFO(again.err);
  REQUIRE(again.exit_code == 0);
  CHECK_THAT(again.err, Contains("accuracy: surrogate"));
  const auto trials = TrialStore(folder / "second/store.sqlite", true).trials(Phase::kSearch);
  CHECK(trials.size() == 40);
  for (const auto& trial : trials) {
    if (trial.status == TrialStatus::kComplete) CHECK(trial.accuracy > 0);
  }
  // A run whose accuracies come about otherwise is no more of the same.
  const Outcome mixed = run_program({"surrogate", "fit", run, second, "--out", file});
  CHECK(mixed.exit_code == 4);
  CHECK_THAT(mixed.err, Contains("`accuracy` settings are not those of " + run));
}

TEST_CASE("a surrogate of another space, and files that are none, stop a search before it begins") {
  const TempFolder folder;
  std::string table = "stage1.kernel,stage1.expansion,acc\n";
  for (int i = 0; i < 30; ++i) {
    table +=
        (i % 2 ? "3," : "5,") + std::to_string(1 + i / 2) + ",0.5" + std::to_string(i % 7) + "\n";
  }
  write_file_atomic(folder / "t.csv", table);
  std::string expansions = "1";
  for (int e = 2; e <= 15; ++e) expansions += ", " + std::to_string(e);
  write_file_atomic(folder / "s.yaml",
                    "stages: [{filters: 16, kernel: [3, 5], layers: 1, "
                    "expansion: [" +
                        expansions + "]}]\n");
  const std::string file = folder / "s.json";
  const Outcome fit =
      run_program({"surrogate", "fit", folder / "t.csv", "--space", folder / "s.yaml", "--target",
                   "acc", "--model", "ridge", "--out", file});
  INFO(fit.err);
  REQUIRE(fit.exit_code == 0);
  CHECK_THAT(fit.out, Contains("30 rows used"));
  const auto refused = [&](const std::vector<std::string>& settings) {
    const Outcome outcome = search(folder / "run", settings);
    CHECK(outcome.exit_code != 0);
    return outcome.err;
  };
  CHECK_THAT(refused({"accuracy.kind=surrogate", "accuracy.surrogate=" + file}),
             Contains("fitted to another space (s) than tiny"));
  CHECK_THAT(
      refused({"accuracy.kind=surrogate", "accuracy.surrogate=" + (folder / "t.csv").string()}),
      Contains("t.csv: is no file of a surrogate"));
  CHECK_THAT(refused({"accuracy.kind=surrogate"}),
             Contains("accuracy.surrogate: is empty; for space tiny"));
  CHECK_THAT(run_program({"surrogate", "fit", folder / "t.csv", "--out", file}).err,
             Contains("needs --space and --target"));
  CHECK_THAT(run_program({"surrogate", "fit", folder / "t.csv", "--space", folder / "s.yaml",
                          "--target", "acc", "--model", "forest", "--out", file})
                 .err,
             Contains("valid: auto, ridge, gaussian_process, boosted_trees"));
}
