#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "experiments/store/store.h"
#include "tests/app/program.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using test::TempFolder;

namespace {

/// A search of a few trials, each a process of its own that lives for a moment.
std::vector<std::string> parallel_search(const std::filesystem::path& run,
                                         const std::vector<std::string>& more) {
  std::vector<std::string> arguments = {"search", test::source_folder() / "configs/quickstart.yaml",
                                        "--run", run};
  std::vector<std::string> settings = {"accuracy.kind=formula", "scaling.enabled=false",
                                       "search.trials=8", "search.batch=4",
                                       "runtime.executor=local"};
  settings.insert(settings.end(), more.begin(), more.end());
  for (const auto& setting : settings) arguments.insert(arguments.end(), {"--set", setting});
  return arguments;
}

std::vector<std::string> parallel_results(const std::filesystem::path& run) {
  std::vector<std::string> texts;
  if (!std::filesystem::exists(run / "store.sqlite")) return texts;
  TrialStore store(run / "store.sqlite", /*read_only=*/true);
  for (const auto& t : store.trials(Phase::kSearch)) {
    texts.push_back(std::to_string(t.id) + " " + std::to_string(t.batch) + " " +
                    to_text(t.genotype) + " " + to_yaml(t.architecture) + enum_name(t.status) +
                    " " + ConfigWriter::plain_number(t.reward) + " " + t.cause);
  }
  return texts;
}

}  // namespace

TEST_CASE("a synchronous search on 1, 2 and 4 worker processes records the same trials") {
  TempFolder folder;
  std::vector<std::string> expected;
  for (const char* workers : {"1", "2", "4"}) {
    const auto outcome = test::run_program(
        parallel_search(folder / workers, {std::string("runtime.workers=") + workers}));
    INFO(outcome.err);
    REQUIRE(outcome.exit_code == 0);
    if (expected.empty()) expected = parallel_results(folder / workers);
    CHECK(expected.size() == 8);
    CHECK(parallel_results(folder / workers) == expected);
  }
}

TEST_CASE("an asynchronous search that is killed keeps its record and goes on") {
  TempFolder folder;
  const auto run = folder / "run";
  const int process = test::start_program(
      parallel_search(run, {"search.mode=asynchronous", "runtime.workers=2", "search.batch=2"}));
  std::vector<std::string> before;
  while (before.size() < 3) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    try {
      before = parallel_results(run);
    } catch (const Error&) {  // the store is just being made
    }
  }
  kill(process, SIGKILL);
  waitpid(process, nullptr, 0);
  before = parallel_results(run);
  const auto resumed = test::run_program({"resume", run});
  INFO(resumed.err);
  REQUIRE(resumed.exit_code == 0);
  const auto after = parallel_results(run);
  CHECK(after.size() == 8);
  for (const auto& row : before) CHECK(std::count(after.begin(), after.end(), row) == 1);
  CHECK(test::run_program({"resume", run}).exit_code == 0);
  CHECK(parallel_results(run) == after);
}
