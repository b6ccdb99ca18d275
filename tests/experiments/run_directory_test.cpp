#include "experiments/run_directory.h"

#include "experiments/store/facts.h"
#include "tests/catch.h"
#include "tests/experiments/small_run.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

Trial complete_trial() {
  Trial trial;
  trial.status = TrialStatus::kComplete;
  return trial;
}

}  // namespace

TEST_CASE("a new run holds its resolved configuration, which reads back as the same") {
  TempFolder folder;
  const auto config = small_config();
  { RunDirectory::create(folder / "run", config); }
  RunDirectory run = RunDirectory::open(folder / "run");
  CHECK(run.config().resolved() == config.resolved());
}

TEST_CASE("a run that began before the key of the kernels existed goes on with LibTorch's") {
  TempFolder folder;
  { RunDirectory::create(folder / "run", small_config("accuracy.kind=proxy")); }
  const std::filesystem::path file = folder / "run/config.yaml";
  std::string text = read_file(file);
  const size_t at = text.find("kernels: ridgeline");
  REQUIRE(at != std::string::npos);
  const size_t line = text.rfind('\n', at) + 1;
  text.erase(line, text.find('\n', at) + 1 - line);
  write_file_atomic(file, text);
  // As a store of an earlier version, whose next resume takes the fact anew.
  Database(folder / "run/store.sqlite").execute("DELETE FROM facts WHERE key = 'config'");
  for (int time = 0; time < 2; ++time) {
    const RunDirectory run = RunDirectory::open(folder / "run");
    CHECK(run.config().accuracy.training.kernels == KernelSource::kLibTorch);
  }
  CHECK(read_file(file).find("kernels: libtorch") != std::string::npos);
}

TEST_CASE("a folder that holds a run is not overwritten, and the message says what to do") {
  TempFolder folder;
  { RunDirectory::create(folder / "run", small_config()).store().append(complete_trial()); }
  CHECK(error_of([&] {
          RunDirectory::create(folder / "run", small_config());
        }).find("already holds a run of this configuration; continue it with: ridgeline resume") !=
        std::string::npos);
  CHECK(error_of([&] {
          RunDirectory::create(folder / "run", small_config("seed=8"));
        }).find("of another configuration; choose another folder with --run") != std::string::npos);
}

TEST_CASE("half of a run, or another program's files, do not become a new run") {
  TempFolder folder;
  const auto refusal = [&] {
    return error_of([&] { RunDirectory::create(folder / "run", small_config()); });
  };
  { RunDirectory::create(folder / "run", small_config()).store().append(complete_trial()); }
  const std::string config = read_file(folder / "run/config.yaml");
  std::filesystem::remove(folder / "run/config.yaml");
  CHECK(refusal().find("holds a store.sqlite but no config.yaml: another program's files, or what "
                       "is left of a run; put back what is missing") != std::string::npos);
  write_file_atomic(folder / "run/config.yaml", config);
  CHECK(RunDirectory::open(folder / "run").store().count(Phase::kSearch) == 1);

  std::filesystem::remove(folder / "run/store.sqlite");
  CHECK(refusal().find("holds a config.yaml but no store.sqlite") != std::string::npos);
  CHECK(read_file(folder / "run/config.yaml") == config);

  std::filesystem::remove(folder / "run/config.yaml");
  write_file_atomic(folder / "run/store.sqlite", "no store at all");
  CHECK(refusal().find("holds a store.sqlite but no config.yaml") != std::string::npos);
  std::filesystem::remove(folder / "run/store.sqlite");
  { Database(folder / "run/store.sqlite").execute("CREATE TABLE trials (a)"); }
  CHECK(refusal().find("holds a store.sqlite but no config.yaml") != std::string::npos);
}

TEST_CASE("a run that has proposed nothing gives way to a mended configuration") {
  TempFolder folder;
  std::filesystem::create_directory(folder / "run");
  { TrialStore store(folder / "run/store.sqlite"); }  // killed before it wrote its configuration
  { RunDirectory::create(folder / "run", small_config()); }
  { CHECK(RunDirectory::create(folder / "run", small_config("seed=8")).config().seed == 8); }
  CHECK(RunDirectory::open(folder / "run").config().seed == 8);
}

TEST_CASE("the state of a run tells a killed one from one that is being worked on") {
  TempFolder folder;
  {
    RunDirectory run = RunDirectory::create(folder / "run", small_config());
    run.store().append_event("started", "small");
    CHECK(RunDirectory::read(folder / "run").state() == "running");
  }
  CHECK(RunDirectory::read(folder / "run").state() == "stopped");
  RunDirectory::open(folder / "run").store().append_event("interrupted", "by a test");
  CHECK(RunDirectory::read(folder / "run").state() == "interrupted");
  RunDirectory::open(folder / "run").store().set_fact(kFinishedFact, "now");
  CHECK(RunDirectory::read(folder / "run").state() == "finished");
}

TEST_CASE("two processes cannot work on one run") {
  TempFolder folder;
  RunDirectory run = RunDirectory::create(folder / "run", small_config());
  CHECK(error_of([&] {
          RunDirectory::open(folder / "run");
        }).find("another process is working on this run (process ") != std::string::npos);
  RunDirectory reader = RunDirectory::read(folder / "run");  // looking is allowed
  CHECK(reader.config().name == "small");
}

TEST_CASE("an edited configuration is refused, an edited runtime part is not") {
  TempFolder folder;
  { RunDirectory::create(folder / "run", small_config()); }
  {
    RunDirectory run = RunDirectory::open(folder / "run");
    run.change_runtime(load_experiment(run.config_file(), {"runtime.workers=7"}));
    CHECK(error_of([&] {
            run.change_runtime(load_experiment(run.config_file(), {"seed=3"}));
          }).find("may change runtime.* only") != std::string::npos);
  }
  CHECK(RunDirectory::open(folder / "run").config().runtime.workers == 7);
  std::string text = read_file(folder / "run" / "config.yaml");
  text.replace(text.find("batch: 4"), 8, "batch: 5");
  write_file_atomic(folder / "run" / "config.yaml", text);
  CHECK(error_of([&] {
          RunDirectory::open(folder / "run");
        }).find("is not the configuration that this run's trials") != std::string::npos);
}

TEST_CASE("a folder without a run is said to be none") {
  TempFolder folder;
  CHECK(error_of([&] { RunDirectory::open(folder / "nowhere"); }).find("no such run folder") !=
        std::string::npos);
  CHECK(error_of([&] {
          RunDirectory::open(folder.path());
        }).find("is no run folder: it has no config.yaml") != std::string::npos);
}
