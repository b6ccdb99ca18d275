#include <signal.h>
#include <sys/wait.h>

#include "core/config.h"
#include "core/file.h"
#include "experiments/store/store.h"
#include "tests/app/program.h"
#include "tests/catch.h"
#include "tests/slurm/cluster.h"
#include "tests/support.h"

using namespace ridgeline;
using test::need_cluster;
using test::shell;
using test::TempFolder;

namespace {

std::vector<std::string> search(const std::string& run, const std::vector<std::string>& settings) {
  std::vector<std::string> arguments = {"search", test::source_folder() / "configs/quickstart.yaml",
                                        "--run", run};
  for (const char* setting : {"accuracy.kind=formula", "search.trials=12", "search.batch=4",
                              "scaling.enabled=false", "runtime.slurm.poll_s=0.2"}) {
    arguments.insert(arguments.end(), {"--set", setting});
  }
  for (const auto& setting : settings) arguments.insert(arguments.end(), {"--set", setting});
  return arguments;
}

std::vector<std::string> results(const std::filesystem::path& run) {
  std::vector<std::string> texts;
  for (const auto& t :
       TrialStore(run / "store.sqlite", /*read_only=*/true).trials(Phase::kSearch)) {
    texts.push_back(std::to_string(t.id) + " " + to_text(t.genotype) + " " +
                    to_yaml(t.architecture) + enum_name(t.status) + " " +
                    ConfigWriter::plain_number(t.accuracy) + " " +
                    ConfigWriter::plain_number(t.reward) + " " + t.cause);
  }
  return texts;
}

size_t trials_of(const std::filesystem::path& run) {
  try {
    return results(run).size();
  } catch (const Error&) {
    return 0;  // not yet made
  }
}

}  // namespace

TEST_CASE("a search on a cluster, killed and resumed, gives the trials of one in this process") {
  need_cluster();
  TempFolder folder;
  REQUIRE(test::run_program(search(folder / "undisturbed", {"runtime.executor=in_process"}))
              .exit_code == 0);
  const std::string starts = folder / "starts";
  const std::filesystem::path run = folder / "run";
  const int child = test::start_program(search(
      run,
      {"runtime.executor=slurm", "runtime.slurm.prologue=echo $trial >>" + starts + "; sleep 1"}));
  // Killed when the second batch is in the queue: its jobs run on without a search.
  while (trials_of(run) < 4 || test::live_tasks().empty()) {
    REQUIRE(waitpid(child, nullptr, WNOHANG) == 0);
    shell("sleep 0.05");
  }
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  CHECK(trials_of(run) < 12);
  const auto outcome = test::run_program({"resume", run});
  INFO(outcome.err);
  REQUIRE(outcome.exit_code == 0);
  CHECK(results(run) == results(folder / "undisturbed"));
  // No trial was started twice: the resumed search took over the jobs of the killed one.
  CHECK(shell("sort " + starts + " | uniq -d") == "");
  CHECK(test::live_tasks().find("PENDING") == std::string::npos);
}
