#include <signal.h>
#include <sys/wait.h>

#include <chrono>
#include <fstream>
#include <thread>

#include "core/file.h"
#include "experiments/store/store.h"
#include "search_space/architecture.h"
#include "tests/app/program.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using test::formula_settings;
using test::start_program;
using test::TempFolder;

namespace {

const std::string kQuickstart = test::source_folder() / "configs/quickstart.yaml";

std::vector<std::string> search(const std::string& run, const std::vector<std::string>& more) {
  std::vector<std::string> arguments = {"search", kQuickstart, "--run", run};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

/// A real proxy search that takes seconds: one epoch on few small images.
std::vector<std::string> short_proxy_settings() {
  std::vector<std::string> result;
  for (const char* setting :
       {"search.trials=6", "search.batch=3", "accuracy.training.epochs=1",
        "accuracy.data.train_per_class=12", "accuracy.data.test_per_class=4",
        "accuracy.data.classes=3", "final_training.epochs=1", "scaling.max_candidates=1"}) {
    result.emplace_back("--set");
    result.emplace_back(setting);
  }
  return result;
}

std::vector<std::string> results(const std::filesystem::path& run) {
  TrialStore store(run / "store.sqlite", /*read_only=*/true);
  std::vector<std::string> texts;
  for (const Phase phase : {Phase::kSearch, Phase::kFinal, Phase::kScaling}) {
    for (const auto& t : store.trials(phase)) {
      texts.push_back(std::to_string(t.id) + " " + to_text(t.genotype) + " " +
                      to_yaml(t.architecture) + enum_name(t.status) + " " +
                      ConfigWriter::plain_number(t.accuracy) + " " +
                      ConfigWriter::plain_number(t.loss) + " " +
                      ConfigWriter::plain_number(t.reward) + " " + t.cause);
    }
  }
  return texts;
}

/// A child process of `parent`; 0: it has none.
pid_t child_of(int parent) {
  const std::string id = std::to_string(parent);
  std::ifstream children("/proc/" + id + "/task/" + id + "/children");
  pid_t child = 0;
  children >> child;
  return child;
}

size_t trials_of(const std::filesystem::path& run) {
  try {
    return TrialStore(run / "store.sqlite", /*read_only=*/true).trials(Phase::kSearch).size();
  } catch (const Error&) {
    return 0;  // not yet made
  }
}

}  // namespace

TEST_CASE("one YAML file in, a searched, scaled, trained and exported network out") {
  TempFolder folder;
  const auto outcome = test::run_program(search(folder / "run", short_proxy_settings()));
  INFO(outcome.err);
  REQUIRE(outcome.exit_code == 0);
  CHECK(outcome.out.find("6 of 6 trials, finished") != std::string::npos);
  CHECK(outcome.out.find("family by LACS: alpha ") != std::string::npos);
  CHECK(outcome.err.find("search 6/6") != std::string::npos);
  const auto best = load_architecture(folder / "run/best/architecture.yaml");
  CHECK(best.classes == 3);
  CHECK(load_architecture(folder / "run/export/architecture.yaml") == best);
  CHECK(load_architecture(folder / "run/family/B0.yaml").stages == best.stages);
  CHECK(std::filesystem::file_size(folder / "run/export/model.ts.pt") > 1000);
  CHECK(test::run_program({"show", folder / "run", "--all"}).out.find("scaling\n") !=
        std::string::npos);
  CHECK(test::run_program({"export", folder / "run", "--format", "yaml", "--out", folder / "x"})
            .exit_code == 0);
  CHECK(load_architecture(folder / "x/architecture.yaml") == best);

  // The normalization is in the log, the store and the exports, the same everywhere.
  const auto normalization =
      TrialStore(folder / "run/store.sqlite", true).fact("normalization").value_or("none");
  CHECK(outcome.err.find("with " + normalization + ", pixels") != std::string::npos);
  for (const char* export_folder : {"run/export", "x"})
    CHECK(read_file(folder / (std::string(export_folder) + "/architecture.yaml"))
              .find("\nnormalization: " + normalization + "\n") != std::string::npos);
  const auto included = test::run_program(
      {"export", folder / "run", "--include-preprocessing", "--out", folder / "y"});
  CHECK(included.exit_code == 0);
  CHECK(included.out.find("which the files normalize themselves, with " + normalization) !=
        std::string::npos);

  // Every format, for the whole family, and all of it verified later.
  const auto all =
      test::run_program({"export", folder / "run", "--format", "all", "--out", folder / "all"});
  INFO(all.out << all.err);
  CHECK(all.exit_code == 0);
  CHECK(read_file(folder / "all/README.md").find("Trial ") != std::string::npos);
  CHECK(read_file(folder / "all/summary.json").find("measured in LibTorch") != std::string::npos);
  CHECK(std::filesystem::exists(folder / "all/B1/model.py"));
  CHECK_FALSE(std::filesystem::exists(folder / "all/B1/model.ts.pt"));
  CHECK(test::run_program({"verify", folder / "all/model.ts.pt", folder / "all/weights.pt"})
            .exit_code == 0);
  write_file_atomic(folder / "all/model.ts.pt", "no network");
  CHECK(test::run_program({"verify", folder / "all/model.ts.pt"}).exit_code == 6);
  if (std::filesystem::exists(folder / "all/model.onnx")) {
    // 9: there is no ONNX Runtime here.
    const int code = test::run_program({"verify", folder / "all/model.onnx"}).exit_code;
    CHECK((code == 0 || code == 9));
  }

  // A finished run can be resumed: nothing is done again, the result is the same.
  const auto before = results(folder / "run");
  CHECK(test::run_program({"resume", folder / "run"}).exit_code == 0);
  CHECK(results(folder / "run") == before);
}

TEST_CASE("one worker or three, search and a worker killed or undisturbed: the same trials") {
  TempFolder folder;
  auto one = short_proxy_settings(), three = one;
  one.insert(one.end(), {"--set", "runtime.workers=1"});
  three.insert(three.end(), {"--set", "runtime.workers=3"});
  REQUIRE(test::run_program(search(folder / "one", one)).exit_code == 0);
  const int process = start_program(search(folder / "three", three));
  while (trials_of(folder / "three") < 2) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  kill(process, SIGKILL);
  waitpid(process, nullptr, 0);
  const int resumed = start_program({"resume", folder / "three"});
  pid_t worker = 0;
  int status = 0;
  bool ended = false;
  while (!ended && (worker = child_of(resumed)) == 0) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    ended = waitpid(resumed, &status, WNOHANG) == resumed;
  }
  if (worker > 0) kill(worker, SIGKILL);  // its trial is tried again
  if (!ended) waitpid(resumed, &status, 0);
  REQUIRE(WIFEXITED(status));
  REQUIRE(WEXITSTATUS(status) == 0);
  CHECK(results(folder / "three") == results(folder / "one"));
}

TEST_CASE("an interrupt stops cleanly with exit code 130, and resume goes on") {
  TempFolder folder;
  const int process = start_program(search(folder / "run", short_proxy_settings()));
  while (trials_of(folder / "run") < 1) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  kill(process, SIGINT);
  int status = 0;
  waitpid(process, &status, 0);
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 130);
  CHECK(test::run_program({"show", folder / "run"}).out.find("interrupted") != std::string::npos);
  CHECK(test::run_program({"resume", folder / "run"}).exit_code == 0);
  CHECK(trials_of(folder / "run") == 6);
}

TEST_CASE("a second interrupt stops without waiting for the running trials") {
  TempFolder folder;
  auto settings = short_proxy_settings();
  settings.insert(settings.end(), {"--set", "accuracy.training.epochs=100000"});
  const int process = start_program(search(folder / "run", settings));
  while (!std::filesystem::exists(folder / "run/trials/0.json"))
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  kill(process, SIGINT);
  std::this_thread::sleep_for(std::chrono::milliseconds(50));  // else the two signals become one
  kill(process, SIGINT);
  int status = 0;
  waitpid(process, &status, 0);
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 130);
  CHECK(trials_of(folder / "run") == 0);
  const auto events = TrialStore(folder / "run/store.sqlite", true).events();
  REQUIRE(events.size() == 3);
  CHECK(events[0].kind == "started");
  CHECK(events[1].kind == "runtime");
  CHECK(events[1].text.starts_with("LibTorch "));
  CHECK(events[2].kind == "interrupted");
}

TEST_CASE(
    "a run folder in use, of another configuration, or no run at all is exit code 5 and loses "
    "nothing") {
  TempFolder folder;
  auto settings = formula_settings();
  test::make_run(folder / "run");
  const auto before = results(folder / "run");
  const auto again = test::run_program(search(folder / "run", settings));
  CHECK(again.exit_code == 5);
  CHECK(again.err.find("ridgeline resume") != std::string::npos);
  settings.insert(settings.end(), {"--set", "seed=99"});
  CHECK(test::run_program(search(folder / "run", settings)).exit_code == 5);
  CHECK(test::run_program({"resume", folder / "nowhere"}).exit_code == 5);
  CHECK(test::run_program({"resume", folder / "run", "--set", "seed=99"}).exit_code == 5);
  {
    FileLock held(folder / "run/run.lock");
    const auto locked = test::run_program({"resume", folder / "run"});
    CHECK(locked.exit_code == 5);
    CHECK(locked.err.find("another process is working on this run") != std::string::npos);
  }
  CHECK(results(folder / "run") == before);
}

TEST_CASE("LACS on a finished run with another target takes known candidates from its store") {
  TempFolder folder;
  test::make_run(folder / "run");
  const auto same = test::run_program({"scale", folder / "run"});
  INFO(same.err);
  CHECK(same.exit_code == 0);
  CHECK(same.out.find("family by LACS") == 0);
  for (const char* part : {"grids: alpha and beta in steps of 0.1, ", "rounding: filters to",
                           "plateau: ", "elasticities of the base network", "multiply-adds"})
    CHECK(same.out.find(part) != std::string::npos);
  const auto other = test::run_program(
      {"scale", folder / "run", "--set", "scaling.latency_ratio=3", "--out", folder / "f"});
  CHECK(other.exit_code == 0);
  CHECK(std::filesystem::exists(folder / "f/B2.yaml"));
  CHECK(test::run_program({"scale", folder / "run", "--set", "seed=4"}).exit_code == 2);
}

TEST_CASE("with an accelerator more and scaling.per_accelerator there is a family for each") {
  TempFolder folder;
  test::make_run(folder / "run", {"--set",
                                  "accelerators=[{name: tpu, target_ms: 0.15, hardware: "
                                  "tpu_v3, batch: 128}]",
                                  "--set", "scaling.per_accelerator=true"});
  CHECK(std::filesystem::exists(folder / "run/family/main/B1.yaml"));
  CHECK(std::filesystem::exists(folder / "run/family/tpu/B1.yaml"));
  CHECK(std::filesystem::exists(folder / "run/export/tpu/B1/architecture.yaml"));
  const std::string report = read_file(folder / "run/family/family.txt");
  CHECK(report.find("family by LACS for tpu: ") != std::string::npos);
  CHECK(report.find("the families side by side") != std::string::npos);
}

TEST_CASE("trials of a formula start no processes unless the user wants them") {
  const auto hosts = [](const std::filesystem::path& run) {
    std::vector<std::string> named;  // a process of its own names its machine
    for (const auto& attempt : TrialStore(run / "store.sqlite", true).recorded_attempts())
      if (!attempt.result.host.empty()) named.push_back(attempt.result.host);
    return named.size();
  };
  TempFolder folder;
  test::make_run(folder / "default");
  CHECK(hosts(folder / "default") == 0);
  test::make_run(folder / "local", {"--set", "runtime.executor=local", "--set", "search.trials=4"});
  CHECK(hosts(folder / "local") > 0);
}
