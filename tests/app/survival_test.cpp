#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "core/file.h"
#include "experiments/store/store.h"
#include "tests/app/program.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using test::run_program;
using test::TempFolder;

namespace {

/// A search of a few trials by formula.
std::vector<std::string> long_search(const std::string& run, const std::vector<std::string>& more) {
  std::vector<std::string> arguments = {"search", test::source_folder() / "configs/quickstart.yaml",
                                        "--run", run};
  for (const char* setting :
       {"accuracy.kind=formula", "search.trials=12", "search.batch=4", "scaling.enabled=false"})
    arguments.insert(arguments.end(), {"--set", setting});
  for (const auto& setting : more) arguments.insert(arguments.end(), {"--set", setting});
  return arguments;
}

std::vector<std::string> surviving_results(const std::filesystem::path& run) {
  std::vector<std::string> texts;
  for (const auto& t : TrialStore(run / "store.sqlite", true).trials(Phase::kSearch))
    texts.push_back(std::to_string(t.id) + " " + to_text(t.genotype) + " " + enum_name(t.status) +
                    " " + ConfigWriter::plain_number(t.reward));
  return texts;
}

/// The state letter of a process in /proc; '-' when it is gone.
char state_of(pid_t process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/stat");
  std::string text;
  std::getline(file, text);
  const size_t end = text.rfind(')');
  return end == std::string::npos || end + 2 >= text.size() ? '-' : text[end + 2];
}

std::string command_line_of(pid_t process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/cmdline");
  return {std::istreambuf_iterator<char>(file), {}};
}

/// The first child that has become a program of its own; 0: none yet. One that is stopped between
/// vfork and exec would hold its parent with it.
pid_t worker_of(int parent) {
  const std::string id = std::to_string(parent);
  std::ifstream children("/proc/" + id + "/task/" + id + "/children");
  pid_t child = 0;
  children >> child;
  return child != 0 && command_line_of(child) != command_line_of(parent) ? child : 0;
}

void wait_a_moment() { std::this_thread::sleep_for(std::chrono::milliseconds(5)); }

}  // namespace

TEST_CASE("a trial dies with the search that started it") {
  TempFolder folder;
  const auto run = folder / "run";
  const int process = test::start_program(long_search(
      run, {"accuracy.kind=proxy", "runtime.dry_trial=false", "accuracy.training.epochs=100000"}));
  pid_t worker = 0;
  while ((worker = worker_of(process)) == 0) wait_a_moment();
  kill(process, SIGKILL);
  waitpid(process, nullptr, 0);
  // A process that nobody waits for any more may stay a zombie: it is dead all the same.
  const auto dead = [&] { return state_of(worker) == '-' || state_of(worker) == 'Z'; };
  for (int i = 0; i < 12000 && !dead(); ++i) wait_a_moment();  // a minute
  CHECK(dead());
}

TEST_CASE("a stopped trial is killed at its time limit and recorded, and the search goes on") {
  TempFolder folder;
  const auto run = folder / "run";
  const int process = test::start_program(long_search(
      run, {"accuracy.kind=proxy", "runtime.dry_trial=false", "accuracy.training.epochs=100000",
            "search.trials=1", "failures.time_out=stop", "runtime.trial_time_limit_s=3"}));
  pid_t worker = 0;
  while ((worker = worker_of(process)) == 0) wait_a_moment();
  kill(worker, SIGSTOP);
  int status = 0;
  waitpid(process, &status, 0);
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 7);
  const auto attempts = TrialStore(run / "store.sqlite", true).attempts(0);
  REQUIRE(attempts.size() == 1);
  CHECK(attempts[0].evaluation.status == TrialStatus::kTimeOut);
  CHECK(attempts[0].evaluation.message.find("killed after 3") == 0);
  CHECK_FALSE(attempts[0].host.empty());
  const auto shown = run_program({"show", run, "--trial", "0"});
  CHECK(shown.out.find(": time_out after ") != std::string::npos);
}

TEST_CASE("a full disk ends a run with exit code 6, and it goes on when there is room again") {
  TempFolder folder;
  const std::vector<std::string> more = {"runtime.executor=in_process", "search.trials=60"};
  REQUIRE(run_program(long_search(folder / "whole", more)).exit_code == 0);
  struct rlimit before {};
  getrlimit(RLIMIT_FSIZE, &before);
  auto* const old_handler = signal(SIGXFSZ, SIG_IGN);
  const struct rlimit small { 100 * 1024, before.rlim_max };
  setrlimit(RLIMIT_FSIZE, &small);  // for the children, which also ignore the signal
  const auto full = run_program(long_search(folder / "run", more));
  setrlimit(RLIMIT_FSIZE, &before);
  signal(SIGXFSZ, old_handler);
  INFO(full.err);
  CHECK(full.exit_code == 6);
  CHECK(full.err.find("store.sqlite") != std::string::npos);
  CHECK(full.err.find("nothing recorded is lost; continue with: ridgeline resume ") !=
        std::string::npos);
  const size_t kept = surviving_results(folder / "run").size();
  CHECK(kept < 60);
  const auto resumed = run_program({"resume", folder / "run"});
  INFO(resumed.err);
  CHECK(resumed.exit_code == 0);
  CHECK(surviving_results(folder / "run") == surviving_results(folder / "whole"));
}

TEST_CASE("a wall clock that jumps changes neither results nor time limits") {
  TempFolder folder;
  // The limit is far above what a trial takes, and far below the clock's jumps.
  const std::vector<std::string> limits = {
      "runtime.executor=local", "runtime.trial_time_limit_s=600", "runtime.checkpoint_batches=1"};
  REQUIRE(run_program(long_search(folder / "steady", limits)).exit_code == 0);
  setenv("LD_PRELOAD", RIDGELINE_JUMPING_CLOCK, 1);
  const auto jumping = run_program(long_search(folder / "jumping", limits));
  const auto resumed = run_program({"resume", folder / "jumping"});
  unsetenv("LD_PRELOAD");
  INFO(jumping.err);
  REQUIRE(jumping.exit_code == 0);
  CHECK(resumed.exit_code == 0);
  CHECK(surviving_results(folder / "jumping") == surviving_results(folder / "steady"));
  TrialStore store(folder / "jumping/store.sqlite", true);
  std::vector<std::string> stamps;
  for (const auto& attempt : store.recorded_attempts()) {
    CHECK(attempt.result.evaluation.seconds >= 0);
    stamps.push_back(attempt.finished_at);
  }
  REQUIRE(stamps.size() > 1);
  CHECK_FALSE(std::is_sorted(stamps.begin(), stamps.end()));  // the clock did jump
}

TEST_CASE("a second interrupt ends a pre-flight in the middle of a latency command") {
  TempFolder folder;
  const std::string run = folder / "run", tool = folder / "tool", priced = folder / "priced";
  // The first network is priced, the second never.
  write_file_atomic(tool, "#!/bin/sh\nif mkdir '" + priced + "' 2>&-; then echo 5; exit; fi\n" +
                              "echo $$ > '" + priced + "/pid.part'; mv '" + priced +
                              "/pid.part' '" + priced + "/pid'; sleep 1000\n");
  std::filesystem::permissions(tool, std::filesystem::perms::owner_all);
  const int process = test::start_program(
      long_search(run, {"latency.kind=command", "latency.command=[" + tool + "]"}));
  while (!std::filesystem::exists(priced + "/pid")) wait_a_moment();
  kill(process, SIGINT);
  std::this_thread::sleep_for(std::chrono::milliseconds(50));  // else the two signals become one
  kill(process, SIGINT);
  int status = 0;
  waitpid(process, &status, 0);
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 130);
  std::ifstream file(priced + "/pid");
  pid_t command = 0;
  file >> command;
  REQUIRE(command > 0);
  const auto dead = [&] { return state_of(command) == '-' || state_of(command) == 'Z'; };
  for (int i = 0; i < 12000 && !dead(); ++i) wait_a_moment();
  CHECK(dead());
  // What was priced is kept.
  Database store(run + "/store.sqlite", /*read_only=*/true);
  CHECK(store.integer("SELECT count(*) FROM facts WHERE key LIKE 'latency of %'") == 1);
}
