#include <signal.h>
#include <sys/wait.h>

#include <chrono>
#include <cmath>
#include <cstdlib>
#include <sstream>
#include <thread>

#include "core/file.h"
#include "experiments/executors/trial_file.h"
#include "experiments/store/store.h"
#include "tests/app/program.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using test::run_program;
using test::start_program;
using test::TempFolder;

namespace {

/// `rank_time_limit_s`: after that a rank counts as hanging. On a busy machine the start of all
/// ranks takes seconds.
TrialFile trial_of(int processes, int epochs, double rank_time_limit_s = 120) {
  TrialFile file;
  file.accuracy.data.classes = 3;
  file.accuracy.data.fractal.image_size = 16;
  file.accuracy.data.fractal.train_per_class = 16;
  file.accuracy.data.fractal.test_per_class = 4;
  file.accuracy.training.batch = 12;
  file.accuracy.training.processes = processes;
  file.accuracy.training.rank_time_limit_s = rank_time_limit_s;
  file.spec.epochs = epochs;
  file.spec.architecture.classes = 3;
  file.spec.architecture.resolution = 16;
  file.spec.architecture.stem = {.filters = 8};
  file.spec.architecture.stages.resize(1);
  file.spec.architecture.stages[0].filters = 8;
  file.spec.architecture.head = {.filters = 16};
  return file;
}

Evaluation evaluate(const TempFolder& folder, int processes) {
  write_trial_file(folder / "spec.json", trial_of(processes, 2));
  const auto outcome = run_program({"trial", folder / "spec.json", folder / "result.json"});
  INFO(outcome.err);
  REQUIRE(outcome.exit_code == 0);
  return read_result_file(folder / "result.json");
}

std::vector<int> children_of(int process) {
  const std::string id = std::to_string(process);
  std::vector<int> children;
  try {
    std::istringstream text(read_file("/proc/" + id + "/task/" + id + "/children"));
    for (int child = 0; text >> child;) children.push_back(child);
  } catch (const Error&) {
  }
  return children;
}

bool ended(int process) {
  try {
    return read_file("/proc/" + std::to_string(process) + "/stat").find(") Z ") !=
           std::string::npos;
  } catch (const Error&) {
    return true;
  }
}

/// Starts an endless trial of three ranks, waits until they train, does `harm` to one process, and
/// gives the exit status of the trial.
int harmed(const TempFolder& folder, double rank_time_limit_s,
           const std::function<void(int rank0, int rank1)>& harm) {
  write_trial_file(folder / "spec.json", trial_of(3, 1000000, rank_time_limit_s));
  const int rank0 =
      start_program({"trial", folder / "spec.json", folder / "result.json", "--checkpoint",
                     folder / "checkpoint", "--checkpoint-every", "0.01"});
  while (!std::filesystem::exists(folder / "checkpoint")) {  // written between two steps
    REQUIRE_FALSE(ended(rank0));
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  const auto others = children_of(rank0);
  REQUIRE(others.size() == 2);
  harm(rank0, others.at(0));
  int status = 0;
  waitpid(rank0, &status, 0);
  // They are gone, or die with rank 0 at this moment.
  for (const int other : others) {
    while (!ended(other)) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return status;
}

}  // namespace

TEST_CASE("a trial of two processes gives the result of one, and each time the same bits") {
  TempFolder folder;
  const Evaluation one = evaluate(folder, 1), two = evaluate(folder, 2),
                   again = evaluate(folder, 2);
  CHECK(two.status == TrialStatus::kComplete);
  CHECK(two.loss == Approx(one.loss).epsilon(1e-4));
  CHECK(again.loss == two.loss);
  CHECK(again.accuracy == two.accuracy);
  size_t files = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder.path()))
    ++files;
  CHECK(files == 2);  // specification and result
}

TEST_CASE("a rank that is killed ends the trial as crashed, with the cause") {
  TempFolder folder;
  CHECK(harmed(folder, 120, [](int, int rank1) { kill(rank1, SIGSEGV); }) == 0);
  const Evaluation result = read_result_file(folder / "result.json");
  CHECK(result.status == TrialStatus::kCrashed);
  INFO(result.message);
  CHECK(result.message.find("rank 1 of 3 was killed by signal 11") == 0);
}

TEST_CASE("a rank that sends to one that is gone is not ended by SIGPIPE") {
  TempFolder folder;
  std::string ignored_signals;
  harmed(folder, 120, [&](int rank0, int rank1) {
    const std::string status = read_file("/proc/" + std::to_string(rank0) + "/status");
    const std::string name = "SigIgn:";
    ignored_signals = status.substr(status.find(name) + name.size(), 17);
    kill(rank1, SIGKILL);
  });
  CHECK((std::stoull(ignored_signals, nullptr, 16) >> (SIGPIPE - 1)) % 2 == 1);
}

TEST_CASE("a rank that hangs ends the trial as crashed after the ranks' time limit") {
  TempFolder folder;
  CHECK(harmed(folder, 5, [](int, int rank1) { kill(rank1, SIGSTOP); }) == 0);
  const Evaluation result = read_result_file(folder / "result.json");
  CHECK(result.status == TrialStatus::kCrashed);
  CHECK(result.message.find("rank 0 of 3 lost another rank: ") == 0);
}

TEST_CASE("rank 0 is ended by the others when it hangs, and they with it") {
  TempFolder folder;
  const int status = harmed(folder, 5, [](int rank0, int) { kill(rank0, SIGSTOP); });
  REQUIRE(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGKILL);
  CHECK_FALSE(std::filesystem::exists(folder / "result.json"));
}

TEST_CASE("ranks that srun started join instead of starting others") {
  TempFolder folder;
  write_trial_file(folder / "spec.json", trial_of(2, 2));
  const auto task = [&](const char* rank, const char* tasks) {
    return std::string("env SLURM_STEP_NUM_TASKS=") + tasks + " SLURM_PROCID=" + rank +
           " SLURM_LOCALID=" + rank + " SLURM_JOB_ID=7 SLURM_STEP_ID=0 " +
           test::ridgeline_program() + " trial " + (folder / "spec.json").string() + " " +
           (folder / "result.json").string() + " 2>/dev/null";
  };
  CHECK(std::system((task("1", "2") + " & " + task("0", "2") + " && wait $!").c_str()) == 0);
  const Evaluation joined = read_result_file(folder / "result.json");
  CHECK(joined.status == TrialStatus::kComplete);
  CHECK(joined.loss == evaluate(folder, 2).loss);
  CHECK(WEXITSTATUS(std::system(task("0", "3").c_str())) == 3);
}

TEST_CASE("a search with the local executor trains each trial with two processes") {
  TempFolder folder;
  std::vector<std::string> arguments = {"search",
                                        test::source_folder() / "configs/quickstart.yaml"};
  for (const char* setting :
       {"search.trials=2", "search.batch=2", "accuracy.training.epochs=1",
        "accuracy.data.train_per_class=12", "accuracy.data.test_per_class=4",
        "accuracy.data.classes=3", "accuracy.training.processes=2", "final_training.epochs=1",
        "scaling.enabled=false", "export.formats=[yaml]"}) {
    arguments.insert(arguments.end(), {"--set", setting});
  }
  arguments.insert(arguments.end(), {"--run", folder / "run"});
  const auto outcome = run_program(arguments);
  INFO(outcome.err);
  REQUIRE(outcome.exit_code == 0);
  const auto trials =
      TrialStore(folder / "run/store.sqlite", /*read_only=*/true).trials(Phase::kSearch);
  REQUIRE(trials.size() == 2);
  for (const auto& trial : trials) CHECK(trial.status == TrialStatus::kComplete);

  arguments.insert(arguments.end(), {"--set", "runtime.executor=in_process"});
  const auto refused = run_program(arguments);
  CHECK(refused.exit_code == 3);
  CHECK(refused.err.find("accuracy.training.processes: must be 1") != std::string::npos);
}
