#include "experiments/store/store.h"

#include <signal.h>
#include <sys/resource.h>

#include <cmath>
#include <fstream>

#include "core/file.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

Trial example(uint64_t id, double reward, TrialStatus status = TrialStatus::kComplete) {
  Trial trial;
  trial.id = id;
  trial.batch = static_cast<int>(id / 4);
  trial.genotype = {0, static_cast<int>(id)};
  trial.architecture.stages.resize(1);
  trial.status = status;
  trial.accuracy = 1.0 / 3;
  trial.latency_ms = 0.1 + 0.2;
  trial.reward = reward;
  trial.params = 1234567890123;
  trial.cause = "it's \"quoted\"";
  return trial;
}

}  // namespace

TEST_CASE("trials and facts read back as they were written, also after reopening") {
  TempFolder folder;
  {
    TrialStore store(folder / "s.sqlite");
    store.append(example(0, 0.5));
    store.append(example(1, 0.25, TrialStatus::kOutOfMemory));
    store.set_fact("key", "abc");
    store.set_fact("key", "def");
  }
  TrialStore store(folder / "s.sqlite", /*read_only=*/true);
  const auto trials = store.trials(Phase::kSearch);
  REQUIRE(trials.size() == 2);
  CHECK(trials[0].genotype == Genotype{0, 0});
  CHECK(trials[0].architecture == example(0, 0.5).architecture);
  CHECK(store.trials(Phase::kSearch, /*architectures=*/false)[0].architecture.stages.empty());
  CHECK(trials[0].accuracy == 1.0 / 3);
  CHECK(trials[0].latency_ms == 0.1 + 0.2);
  CHECK(trials[0].params == 1234567890123);
  CHECK(trials[0].cause == "it's \"quoted\"");
  CHECK(trials[1].status == TrialStatus::kOutOfMemory);
  CHECK(store.fact("key") == "def");
  CHECK_FALSE(store.fact("nothing").has_value());
  CHECK(store.trials(Phase::kScaling).empty());
}

TEST_CASE("the best trial is complete, of the highest reward, then the fastest, then the first") {
  TempFolder folder;
  TrialStore store(folder / "s.sqlite");
  CHECK_FALSE(store.best(Phase::kSearch).has_value());
  store.append(example(0, 9.0, TrialStatus::kDiverged));
  CHECK_FALSE(store.best(Phase::kSearch).has_value());
  store.append(example(1, 0.5));
  store.append(example(2, 0.7));
  store.append(example(3, 0.7));
  CHECK(store.best(Phase::kSearch)->id == 2);
  Trial faster = example(4, 0.7);
  faster.latency_ms = 0.2;
  store.append(faster);
  CHECK(store.best(Phase::kSearch)->id == 4);
}

TEST_CASE("an attempt reads back with its learning curve, and a later record takes its place") {
  TempFolder folder;
  TrialStore store(folder / "s.sqlite");
  TrialResult attempt{7, 0, {}, "a host", "the log's end"};
  attempt.evaluation.accuracy = 1.0 / 3;
  attempt.evaluation.metrics = {{2, "train_loss", 0.1 + 0.2},
                                {1, "train_loss", 2.5},
                                {1, "images_per_s", 1e4},
                                {3, "train_loss", std::nan("")}};
  store.append_attempt(attempt, 99);
  auto read = store.recorded_attempts(7);
  REQUIRE(read.size() == 1);
  CHECK(read[0].network == 99);
  CHECK(read[0].result.host == "a host");
  CHECK(read[0].result.log_tail == "the log's end");
  const auto& metrics = read[0].result.evaluation.metrics;
  REQUIRE(metrics.size() == 3);  // by epoch and name; what is no number is left out
  CHECK(metrics[0].name == "images_per_s");
  CHECK(metrics[1].value == 2.5);
  CHECK(metrics[2].epoch == 2);
  CHECK(metrics[2].value == 0.1 + 0.2);
  CHECK(store.recorded_attempts(8).empty());

  attempt.evaluation.metrics = {{1, "train_loss", 7.0}};
  store.append_attempt(attempt, 98);
  read = store.recorded_attempts();
  REQUIRE(read.size() == 1);
  CHECK(read[0].network == 98);
  REQUIRE(read[0].result.evaluation.metrics.size() == 1);
  CHECK(read[0].result.evaluation.metrics[0].value == 7.0);
}

TEST_CASE("a pending trial or attempt is no record") {
  TempFolder folder;
  TrialStore store(folder / "s.sqlite");
  CHECK(error_of([&] { store.append(example(3, 0.5, TrialStatus::kPending)); }) ==
        "trial 3 is pending: there is no result to record");
  TrialResult attempt{3, 0, {}, "a host"};
  attempt.evaluation.status = TrialStatus::kPending;
  CHECK_FALSE(error_of([&] { store.append_attempt(attempt); }).empty());
  CHECK(store.count(Phase::kSearch) == 0);
  CHECK(store.recorded_attempts().empty());
}

TEST_CASE("a trial cannot be recorded twice") {
  TempFolder folder;
  TrialStore store(folder / "s.sqlite");
  store.append(example(0, 0.5));
  CHECK(error_of([&] {
          store.append(example(0, 0.6));
        }).find("cannot write: UNIQUE constraint failed") != std::string::npos);
  CHECK(store.trials(Phase::kSearch)[0].reward == 0.5);
}

TEST_CASE("a file that is no store or damaged is refused") {
  TempFolder folder;
  write_file_atomic(folder / "text.sqlite", std::string(4096, 'x'));
  CHECK(error_of([&] { TrialStore(folder / "text.sqlite"); }).find("the store is damaged") !=
        std::string::npos);

  {
    TrialStore store(folder / "cut.sqlite");
    for (uint64_t i = 0; i < 200; ++i) store.append(example(i, 0.5));
  }
  std::filesystem::resize_file(folder / "cut.sqlite", 3 * 4096);
  CHECK(error_of([&] {
          TrialStore(folder / "cut.sqlite").trials(Phase::kSearch);
        }).find("the store is damaged") != std::string::npos);
  CHECK(error_of([&] { TrialStore(folder / "absent" / "s.sqlite"); }).find("cannot open") !=
        std::string::npos);
}

TEST_CASE("a full disk is an error that loses nothing of what was recorded") {
  TempFolder folder;
  const auto file = folder / "s.sqlite";
  size_t recorded = 0;
  {
    TrialStore store(file);
    struct rlimit before {};
    getrlimit(RLIMIT_FSIZE, &before);
    auto* const old_handler = signal(SIGXFSZ, SIG_IGN);
    const struct rlimit small { 256 * 1024, before.rlim_max };
    setrlimit(RLIMIT_FSIZE, &small);
    const std::string message = error_of([&] {
      for (uint64_t i = 0; i < 10000; ++i) {
        store.append(example(i, 0.5));
        ++recorded;
      }
    });
    setrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, old_handler);
    CHECK(message.find("s.sqlite: ") != std::string::npos);
    CHECK(recorded > 10);
  }
  TrialStore store(file);
  CHECK(store.trials(Phase::kSearch).size() == recorded);
}
