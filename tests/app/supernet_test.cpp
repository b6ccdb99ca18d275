#include <signal.h>
#include <sys/wait.h>

#include <chrono>
#include <thread>

#include "core/file.h"
#include "experiments/store/facts.h"
#include "experiments/store/store.h"
#include "tests/app/program.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using Catch::Matchers::Contains;
using test::run_program;
using test::TempFolder;

namespace {

/// A search of 8 trials with shared weights that take a second to train.
std::vector<std::string> supernet_search(const std::string& run,
                                         const std::vector<std::string>& more = {}) {
  std::vector<std::string> arguments = {"search", test::source_folder() / "configs/quickstart.yaml",
                                        "--run", run};
  for (const char* setting :
       {"accuracy.kind=supernet", "accuracy.supernet.epochs=6", "accuracy.training.epochs=1",
        "accuracy.data.classes=3", "accuracy.data.train_per_class=12",
        "accuracy.data.test_per_class=4", "search.trials=8", "search.batch=4",
        "final_training.epochs=1", "scaling.enabled=false", "export.formats=[yaml]",
        "runtime.trial_checkpoint_s=0.05"})
    arguments.insert(arguments.end(), {"--set", setting});
  for (const auto& setting : more) arguments.insert(arguments.end(), {"--set", setting});
  return arguments;
}

/// The trials of a run, and the checksum of its shared weights.
std::vector<std::string> results(const std::filesystem::path& run) {
  TrialStore store(run / "store.sqlite", /*read_only=*/true);
  std::vector<std::string> texts = {store.fact(kSupernetFact).value_or("none")};
  for (const Phase phase : {Phase::kSearch, Phase::kFinal}) {
    for (const auto& t : store.trials(phase)) {
      texts.push_back(std::to_string(t.id) + " " + to_text(t.genotype) + " " + enum_name(t.status) +
                      " " + ConfigWriter::plain_number(t.accuracy));
    }
  }
  return texts;
}

/// Starts the search, and sends it `signal` once its shared weights have a checkpoint.
void stop_in_training(const std::vector<std::string>& search, const std::filesystem::path& run,
                      int signal) {
  const int process = test::start_program(search);
  while (!std::filesystem::exists(run / "supernet.pt.checkpoint"))
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  kill(process, signal);
  waitpid(process, nullptr, 0);
  REQUIRE_FALSE(std::filesystem::exists(run / "supernet.pt"));
}

}  // namespace

TEST_CASE("a search with shared weights gives the same after a kill, a stop and with workers") {
  TempFolder folder;
  const std::string policy = GENERATE("uniform", "alternate");
  const std::string sampling = "accuracy.supernet.sampling=" + policy;
  const auto whole = run_program(supernet_search(folder / "whole", {sampling}));
  INFO(whole.err);
  REQUIRE(whole.exit_code == 0);
  const auto wanted = results(folder / "whole");
  CHECK(wanted.size() == 1 + 8 + 1);
  CHECK_FALSE(std::filesystem::exists(folder / "whole" / "supernet.pt.checkpoint"));

  for (const int signal : {SIGKILL, SIGINT}) {
    const auto run = folder / ("stopped" + std::to_string(signal));
    stop_in_training(supernet_search(run, {sampling}), run, signal);
    const auto resumed = run_program({"resume", run});
    INFO(resumed.err);
    REQUIRE(resumed.exit_code == 0);
    CHECK(test::contains(resumed.err, "the training of the shared weights continues"));
    CHECK(results(run) == wanted);
  }
  if (policy == "alternate") return;
  for (const char* workers : {"1", "2"}) {
    const auto run = folder / (std::string("workers") + workers);
    const auto local = run_program(supernet_search(
        run, {sampling, "runtime.executor=local", std::string("runtime.workers=") + workers}));
    INFO(local.err);
    REQUIRE(local.exit_code == 0);
    CHECK(results(run) == wanted);
  }
}

TEST_CASE("shared weights of an earlier run score another search without a training") {
  TempFolder folder;
  REQUIRE(run_program(supernet_search(folder / "first")).exit_code == 0);
  const std::string weights = (folder / "first" / "supernet.pt").string();
  const auto second = run_program(supernet_search(
      folder / "second", {"accuracy.supernet.weights=" + weights, "controller.kind=evolution"}));
  INFO(second.err);
  CHECK(second.exit_code == 0);
  CHECK_FALSE(std::filesystem::exists(folder / "second" / "supernet.pt"));
}

TEST_CASE("a space of plain decisions is refused for shared weights before anything is made") {
  TempFolder folder;
  const auto run = folder / "run";
  const auto config = folder / "plain.yaml";
  write_file_atomic(config,
                    "space: {name: cell, decisions: {edge: [none, conv]}}\n"
                    "accuracy: {kind: supernet}\nlatency: {kind: none}\nreward: {target_ms: 1}\n"
                    "scaling: {enabled: false}\n");
  for (const std::string command : {"validate", "search"}) {
    std::vector<std::string> arguments = {command, config};
    if (command == "search") arguments.insert(arguments.end(), {"--run", run});
    const auto refused = run_program(arguments);
    CHECK(refused.exit_code != 0);
    CHECK_THAT(refused.err, Contains("plain.yaml:2") && Contains("accuracy.kind") &&
                                Contains("supernet needs networks") &&
                                Contains("table, surrogate"));
  }
  CHECK_FALSE(std::filesystem::exists(run));
}

TEST_CASE("settings that one training of shared weights cannot heed are refused with their place") {
  TempFolder folder;
  for (const std::string key : {"processes", "accumulate"}) {
    const auto refused =
        run_program(supernet_search(folder / "run", {"accuracy.training." + key + "=2"}));
    CHECK(refused.exit_code != 0);
    CHECK_THAT(refused.err, Contains("accuracy.training." + key) && Contains("supernet"));
  }
  const auto measured = run_program(supernet_search(
      folder / "run", {"accuracy.supernet.sampling=alternate", "latency.kind=measured"}));
  CHECK(measured.exit_code != 0);
  CHECK_THAT(measured.err, Contains("accuracy.supernet.sampling") && Contains("latency.kind"));
}
