#include <signal.h>
#include <sys/wait.h>

#include <unistd.h>

#include <chrono>
#include <future>
#include <sstream>
#include <thread>

#include "core/file.h"
#include "experiments/executors/local_executor.h"
#include "experiments/executors/trial_file.h"
#include "experiments/store/store.h"
#include "experiments/trial_runner.h"
#include "tests/app/program.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using test::run_program;
using test::start_program;
using test::TempFolder;

namespace {

/// Half a second of training and more, of which the first checkpoint takes a small part.
TrialFile long_trial(int processes) {
  TrialFile file;
  file.accuracy.data.classes = 3;
  file.accuracy.data.image_size = 16;
  file.accuracy.data.train_per_class = 16;
  file.accuracy.data.test_per_class = 4;
  file.accuracy.training.batch = 12;
  file.accuracy.training.ema_decay = 0.99;
  file.accuracy.training.processes = processes;
  file.spec.epochs = processes > 1 ? 16 : 120;
  file.spec.architecture.classes = 3;
  file.spec.architecture.resolution = 16;
  file.spec.architecture.stem = {.filters = 8};
  file.spec.architecture.stages.resize(1);
  file.spec.architecture.stages[0].filters = 8;
  file.spec.architecture.head = {.filters = 16, .dropout = 0.2};
  return file;
}

void wait_for(const std::filesystem::path& path) {
  while (!std::filesystem::exists(path)) std::this_thread::sleep_for(std::chrono::milliseconds(2));
}

/// The one child of this process, whichever thread has started it.
int child() {
  int found = 0;
  for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task")) {
    std::istringstream children(read_file(thread.path() / "children"));
    for (int one = 0; children >> one;) found = one;
  }
  REQUIRE(found > 0);
  return found;
}

std::vector<std::string> trial(const TempFolder& folder) {
  return {"trial",        folder / "spec.json",  folder / "result.json",
          "--checkpoint", folder / "checkpoint", "--checkpoint-every",
          "0.05"};
}

std::vector<std::string> training_search(const std::string& run) {
  std::vector<std::string> arguments = {"search", test::source_folder() / "configs/quickstart.yaml",
                                        "--run", run};
  for (const char* setting :
       {"search.trials=2", "search.batch=2", "accuracy.training.epochs=40",
        "accuracy.data.train_per_class=12", "accuracy.data.test_per_class=4",
        "accuracy.data.classes=3", "final_training.epochs=40", "scaling.enabled=false",
        "export.formats=[yaml]", "runtime.trial_checkpoint_s=0.05"}) {
    arguments.insert(arguments.end(), {"--set", setting});
  }
  return arguments;
}

std::vector<std::string> training_results(const std::filesystem::path& run) {
  std::vector<std::string> texts;
  TrialStore store(run / "store.sqlite", /*read_only=*/true);
  for (const Phase phase : {Phase::kSearch, Phase::kFinal}) {
    for (const auto& t : store.trials(phase)) {
      texts.push_back(std::to_string(t.id) + " " + to_text(t.genotype) + " " + enum_name(t.status) +
                      " " + ConfigWriter::plain_number(t.accuracy) + " " +
                      ConfigWriter::plain_number(t.loss) + " " + t.cause);
    }
  }
  return texts;
}

}  // namespace

TEST_CASE(
    "a trial that gets SIGTERM keeps its state, and the next start goes on to the same bits") {
  for (const int processes : {1, 2}) {
    TempFolder folder;
    auto file = long_trial(processes);
    file.spec.weights_path = folder / "weights.pt";
    write_trial_file(folder / "spec.json", file);
    REQUIRE(run_program({"trial", folder / "spec.json", folder / "result.json"}).exit_code == 0);
    const Evaluation undisturbed = read_result_file(folder / "result.json");
    const std::string weights = read_file(folder / "weights.pt");
    std::filesystem::remove(folder / "result.json");
    std::filesystem::remove(folder / "weights.pt");

    const int process = start_program(trial(folder));
    wait_for(folder / "checkpoint");
    kill(process, SIGTERM);
    int status = 0;
    waitpid(process, &status, 0);
    REQUIRE(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 130);
    CHECK_FALSE(std::filesystem::exists(folder / "result.json"));

    // Without a period: it writes none unless asked to stop.
    const auto outcome = run_program({"trial", folder / "spec.json", folder / "result.json",
                                      "--checkpoint", folder / "checkpoint"});
    INFO(outcome.err);
    REQUIRE(outcome.exit_code == 0);
    CHECK(outcome.err.find("the training continues in epoch ") != std::string::npos);
    const Evaluation resumed = read_result_file(folder / "result.json");
    CHECK(resumed.status == TrialStatus::kComplete);
    CHECK(resumed.loss == undisturbed.loss);
    CHECK(resumed.accuracy == undisturbed.accuracy);
    CHECK(read_file(folder / "weights.pt") == weights);
  }
}

TEST_CASE("a retry of a trial that was killed goes on from its checkpoint, which then goes") {
  TempFolder folder;
  const TrialFile file = long_trial(1);
  write_trial_file(folder / "spec.json", file);
  REQUIRE(run_program({"trial", folder / "spec.json", folder / "result.json"}).exit_code == 0);
  const Evaluation undisturbed = read_result_file(folder / "result.json");

  LocalExecutor executor({.program = test::ridgeline_program(),
                          .folder = folder / "trials",
                          .accuracy = file.accuracy,
                          .workers = 1,
                          .checkpoint_s = 0.05});
  FailureConfig policy;
  policy.backoff_s = 0;
  TrialRunner runner(executor, policy);
  runner.submit(file.spec);
  auto waiting = std::async(std::launch::async, [&] { return runner.next(); });
  wait_for(folder / "trials/0.checkpoint");
  kill(child(), SIGKILL);
  std::string log;
  while (log.find("the training continues in epoch ") == std::string::npos &&
         waiting.wait_for(std::chrono::milliseconds(2)) != std::future_status::ready) {
    try {
      log = read_file(folder / "trials/0.log");
    } catch (const Error&) {
      continue;  // between the two attempts
    }
  }
  const auto result = waiting.get();
  REQUIRE(result);
  CHECK(log.find("the training continues in epoch ") != std::string::npos);
  CHECK(result->attempt == 1);
  CHECK(result->evaluation.status == TrialStatus::kComplete);
  CHECK(result->evaluation.loss == undisturbed.loss);
  CHECK(result->evaluation.accuracy == undisturbed.accuracy);
  CHECK(std::filesystem::is_empty(folder / "trials"));
}

TEST_CASE("Ctrl-C has the running trials keep their state, and the resumed run is as undisturbed") {
  TempFolder folder;
  REQUIRE(run_program(training_search(folder / "undisturbed")).exit_code == 0);
  const int process = start_program(training_search(folder / "run"));
  // Once in the search, once in the final training.
  wait_for(folder / "run/trials/0.checkpoint");
  kill(process, SIGINT);
  int status = 0;
  waitpid(process, &status, 0);
  CHECK(WEXITSTATUS(status) == 130);
  CHECK(std::filesystem::exists(folder / "run/trials/0.checkpoint"));
  const int resumed = start_program({"resume", folder / "run"});
  wait_for(folder / "run/trials/1000000.checkpoint");
  kill(resumed, SIGINT);
  waitpid(resumed, &status, 0);
  CHECK(WEXITSTATUS(status) == 130);
  CHECK(std::filesystem::exists(folder / "run/trials/1000000.checkpoint"));
  const auto outcome = run_program({"resume", folder / "run"});
  INFO(outcome.err);
  REQUIRE(outcome.exit_code == 0);
  CHECK(training_results(folder / "run") == training_results(folder / "undisturbed"));
  CHECK(training_results(folder / "run").size() == 3);
  CHECK(read_file(folder / "run/best/weights.pt") ==
        read_file(folder / "undisturbed/best/weights.pt"));
  // Attempts that were asked to stop are none.
  CHECK(TrialStore(folder / "run/store.sqlite", /*read_only=*/true).attempts(0).size() == 1);
  CHECK_FALSE(std::filesystem::exists(folder / "run/trials"));
}
