#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/file.h"
#include "experiments/store/store.h"
#include "tests/app/program.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using test::run_program;
using test::TempFolder;

namespace {

using nlohmann::json;

/// A search of 12 trials with the formula evaluator.
test::Outcome formula_search(const std::string& folder, const std::vector<std::string>& more = {}) {
  std::vector<std::string> arguments = {"search", test::source_folder() / "configs/quickstart.yaml",
                                        "--run", folder};
  const auto settings = test::formula_settings();
  arguments.insert(arguments.end(), settings.begin(), settings.end());
  for (const auto& setting : more) arguments.insert(arguments.end(), {"--set", setting});
  return run_program(arguments);
}

/// Every network is far too slow: none is trained.
const std::vector<std::string>& hopeless() {
  static const std::vector<std::string> settings = {"reward.target_ms=0.001",
                                                    "runtime.preflight=warn"};
  return settings;
}

}  // namespace

TEST_CASE("pareto prints the front of a run's trials as table, CSV, JSON and picture") {
  TempFolder folder;
  const std::string run = folder / "run";
  const auto searched = formula_search(run);
  REQUIRE(searched.exit_code == 0);
  const auto trials = TrialStore(folder / "run/store.sqlite", true).trials(Phase::kSearch);
  const auto front = json::parse(run_program({"pareto", run, "--json"}).out);
  REQUIRE_FALSE(front.empty());
  for (const auto& point : front) {
    const Trial& trial = trials[point.at("trial").get<size_t>()];
    CHECK(point.at("accuracy") == trial.accuracy);
    CHECK(point.at("latency_ms") == trial.latency_ms);
    CHECK(std::none_of(trials.begin(), trials.end(), [&](const Trial& other) {
      return other.status == TrialStatus::kComplete && other.accuracy >= trial.accuracy &&
             other.latency_ms < trial.latency_ms;
    }));
  }
  const std::string csv = run_program({"pareto", run, "--csv"}).out;
  CHECK(csv.starts_with("trial,accuracy,latency_ms,reward,params,madds,genotype\n"));
  CHECK(std::count(csv.begin(), csv.end(), '\n') == static_cast<int>(front.size()) + 1);
  const std::string picture = folder / "front.svg";
  const auto table = run_program({"pareto", run, "--svg", picture});
  CHECK_THAT(table.out, Catch::StartsWith("front of accuracy and latency: " +
                                          std::to_string(front.size()) + " of 12 trials\n"));
  CHECK_THAT(read_file(picture), Catch::StartsWith("<svg") && Catch::Contains("latency (ms)"));
  CHECK_THAT(searched.out, Catch::Contains("front of accuracy and latency: "));
  CHECK(run_program({"pareto", run, "--csv", "--json"}).exit_code == 2);
}

TEST_CASE("a run without a complete trial has an empty front, and explain says how they failed") {
  TempFolder folder;
  const std::string run = folder / "run";
  CHECK(formula_search(run, hopeless()).exit_code == 7);
  const auto front = run_program({"pareto", run});
  CHECK(front.exit_code == 7);
  CHECK_THAT(front.err, Catch::Contains("the front is empty: none of its 12 trials is complete"));
  const auto why = run_program({"explain", run});
  CHECK(why.exit_code == 0);
  CHECK_THAT(why.out, Catch::StartsWith("no trial is complete: nothing won"));
  CHECK_THAT(why.out, Catch::Contains("12 of 12 trials (100 %) did not complete"));
  CHECK_THAT(why.out, Catch::Contains("12 (100 %) infeasible: latency # ms is over # ms"));
}

TEST_CASE(
    "explain says of every decision what its choices came to, and what the policy made of it") {
  TempFolder folder;
  const std::string run = folder / "run";
  REQUIRE(formula_search(run, {"search.trials=40"}).exit_code == 0);
  const std::string before = read_file(folder / "run/store.sqlite");
  const auto text = run_program({"explain", run});
  CHECK(text.exit_code == 0);
  CHECK_THAT(text.out, Catch::Contains(" of 40 won: reward "));
  CHECK_THAT(text.out,
             Catch::Contains("and what the policy gave it\nafter 0, 8, 20, 28, 40 trials"));
  const auto why = json::parse(run_program({"explain", run, "--json"}).out);
  CHECK(read_file(folder / "run/store.sqlite") == before);
  const TrialStore store(folder / "run/store.sqlite", true);
  CHECK(why.at("winner").at("trial") == store.best(Phase::kSearch)->id);
  int made = 0;
  for (const auto& decision : why.at("decisions")) {
    int trials = 0;
    double start = 0;
    for (const auto& choice : decision.at("choices")) {
      trials += choice.at("trials").get<int>();
      start += choice.at("policy").at(0).get<double>();
      made += choice.at("choice") == decision.at("winner");
    }
    CHECK(trials == decision.at("trials"));
    CHECK(start <= Approx(1));
  }
  const auto genotype = store.best(Phase::kSearch)->genotype;
  CHECK(made == std::count_if(genotype.begin(), genotype.end(), [](int c) { return c >= 0; }));
}

TEST_CASE("explaining a folder that is no run is refused in one line") {
  const auto outcome = run_program({"explain", "nowhere"});
  CHECK(outcome.exit_code == 5);
  CHECK(outcome.err.find('\n') == outcome.err.size() - 1);
}
