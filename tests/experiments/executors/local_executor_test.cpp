#include "experiments/executors/local_executor.h"

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include "core/file.h"
#include "experiments/executors/trial_process.h"
#include "tests/catch.h"
#include "tests/experiments/small_run.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

/// A program that behaves badly in the way its trial's id asks for; $2 is the specification, $3 the
/// result.
constexpr const char* kProgram = R"(#!/bin/sh
case "$2" in
  */0.json) echo '{"format":1,"status":"complete","accuracy":0.5,"loss":1,"seconds":1,"message":""}' > "$3" ;;
  */1.json) echo 'first line' >&2; echo 'the cause' >&2; exit 9 ;;
  */2.json) kill -SEGV $$ ;;
  */3.json) exec sleep 60 ;;
  */4.json) exit 0 ;;
  */5.json) kill -KILL $$ ;;
  */20.json) kill -STOP $$ ;;
  */6.json) echo "{\"format\":1,\"status\":\"complete\",\"accuracy\":$OMP_NUM_THREADS,\"loss\":1,\"seconds\":1,\"message\":\"$OMP_WAIT_POLICY\"}" > "$3" ;;
  */7.json) echo 'accuracy.training.batch: too large' >&2; exit 3 ;;
  */8.json) exit 130 ;;
  */40.json) echo 'labels: cannot be read' >&2; exit 4 ;;
  */41.json) echo 'No space left on device' >&2; exit 6 ;;
  */9.json) kill -TERM $$ ;;
  */1?.json)  # waits until both workers have started
    touch "$2.here"; while [ ! -e "$(dirname "$2")/10.json.here" ] || [ ! -e "$(dirname "$2")/11.json.here" ]; do sleep 0.01; done
    echo "{\"format\":1,\"status\":\"complete\",\"accuracy\":0,\"loss\":1,\"seconds\":1,\"message\":\"$CUDA_VISIBLE_DEVICES\"}" > "$3" ;;
esac
)";

void write_program(const TempFolder& folder) {
  write_file_atomic(folder / "program", kProgram);
  std::filesystem::permissions(folder / "program", std::filesystem::perms::owner_all);
}

std::vector<TrialResult> run(int workers, double time_limit_s, const std::vector<uint64_t>& ids,
                             int threads = 1) {
  TempFolder folder;
  write_program(folder);
  AccuracyConfig accuracy;
  accuracy.training.threads = threads;
  LocalExecutor executor({folder / "program", folder / "trials", accuracy, workers, time_limit_s});
  for (const uint64_t id : ids) executor.submit(job_of(id));
  std::vector<TrialResult> results;
  while (executor.in_flight() > 0) {
    if (auto result = executor.next(std::chrono::milliseconds(100))) results.push_back(*result);
  }
  CHECK(std::filesystem::is_empty(folder / "trials"));
  std::sort(results.begin(), results.end(),
            [](const auto& a, const auto& b) { return a.id < b.id; });
  return results;
}

}  // namespace

TEST_CASE("each way in which a trial process can end is a status with its cause") {
  for (const int workers : {1, 3}) {
    const auto results = run(workers, 0, {0, 1, 2, 4, 5});
    REQUIRE(results.size() == 5);
    CHECK(results[0].evaluation.status == TrialStatus::kComplete);
    CHECK(results[0].evaluation.accuracy == 0.5);
    CHECK(results[1].evaluation.status == TrialStatus::kCrashed);
    CHECK(results[1].evaluation.message == "ended with exit code 9: the cause");
    CHECK(results[2].evaluation.message.find("killed by signal 11 (Segmentation fault)") == 0);
    CHECK(results[3].evaluation.status == TrialStatus::kCrashed);
    CHECK(results[3].evaluation.message == "ended with exit code 0");
    CHECK(results[4].evaluation.message.find("probably out of memory") != std::string::npos);
  }
}

TEST_CASE("a trial that hangs is killed at its time limit, and the others are not") {
  const auto results = run(2, 0.3, {0, 3});
  REQUIRE(results.size() == 2);
  CHECK(results[0].evaluation.status == TrialStatus::kComplete);
  CHECK(results[1].evaluation.status == TrialStatus::kTimeOut);
  CHECK(results[1].evaluation.message == "killed after 0.3s");
}

TEST_CASE("a trial that is stopped, not dead, is killed at its time limit") {
  const auto results = run(2, 0.3, {0, 20});
  REQUIRE(results.size() == 2);
  CHECK(results[0].evaluation.status == TrialStatus::kComplete);
  CHECK(results[1].evaluation.status == TrialStatus::kTimeOut);
  CHECK(results[1].evaluation.message == "killed after 0.3s");
}

TEST_CASE("a trial process gets its own number of threads, which wait without spinning") {
  const auto results = run(1, 0, {6}, 3);
  REQUIRE(results.size() == 1);
  CHECK(results[0].evaluation.accuracy == 3);
  CHECK(results[0].evaluation.message == "passive");
}

TEST_CASE("trouble with the data or the disk is no failure of the trial") {
  const auto results = run(1, 0, {40, 41});
  REQUIRE(results.size() == 2);
  for (const auto& result : results) CHECK(result.evaluation.status == TrialStatus::kLost);
  CHECK(results[0].evaluation.message == "ended with exit code 4: labels: cannot be read");
  CHECK(results[1].evaluation.message == "ended with exit code 6: No space left on device");
}

TEST_CASE("a refused configuration and an interruption are told from a crash") {
  const auto results = run(1, 0, {7, 8, 9});
  REQUIRE(results.size() == 3);
  CHECK(results[0].evaluation.status == TrialStatus::kInvalid);
  CHECK(results[0].evaluation.message ==
        "ended with exit code 3: accuracy.training.batch: too large");
  CHECK(results[1].evaluation.status == TrialStatus::kCancelled);
  CHECK(results[2].evaluation.status == TrialStatus::kCancelled);
  CHECK(results[2].evaluation.message == "interrupted");
}

TEST_CASE("two workers at a time see two different GPUs") {
  TempFolder folder;
  write_program(folder);
  LocalExecutor executor({.program = folder / "program",
                          .folder = folder / "trials",
                          .accuracy = {},
                          .gpus = {.gpus = {"4", "7"}}});
  for (const uint64_t id : {10, 11}) executor.submit(job_of(id));
  std::set<std::string> seen;
  while (executor.in_flight() > 0) {
    if (const auto result = executor.next(std::chrono::milliseconds(100)))
      seen.insert(result->evaluation.message);
  }
  CHECK(seen == std::set<std::string>{"4", "7"});
}

TEST_CASE("a trial that lacks memory beside others counts only once it has run alone") {
  TempFolder folder;
  // Lacks memory unless it is told of no other process. Notes when it starts and ends.
  write_file_atomic(folder / "program", R"(#!/bin/sh
id=$(basename "$2" .json)
beside=no
for word in "$@"; do [ "$word" = --gpu-processes ] && beside=yes; done
echo "start $id $beside" >> "$(dirname "$0")/events"
sleep 0.2
status=complete
if [ "$id" = 1 ] && [ $beside = yes ]; then status=out_of_memory; fi
if [ "$id" = 2 ]; then status=out_of_memory; fi
echo "{\"format\":1,\"status\":\"$status\",\"accuracy\":0.5,\"loss\":1,\"seconds\":1,\"message\":\"\"}" > "$3"
echo "end $id $beside" >> "$(dirname "$0")/events"
)");
  std::filesystem::permissions(folder / "program", std::filesystem::perms::owner_all);
  LocalExecutor executor({.program = folder / "program",
                          .folder = folder / "trials",
                          .accuracy = {},
                          .workers = 3,
                          .gpus = {.gpus = {"0"}}});
  for (const uint64_t id : {0, 1, 2, 3, 4, 5}) executor.submit(job_of(id));
  std::map<uint64_t, TrialStatus> statuses;
  while (executor.in_flight() > 0) {
    if (const auto result = executor.next(std::chrono::milliseconds(100)))
      statuses[result->id] = result->evaluation.status;
  }
  REQUIRE(statuses.size() == 6);
  for (const auto& [id, status] : statuses) {
    INFO(id);
    CHECK(status == (id == 2 ? TrialStatus::kOutOfMemory : TrialStatus::kComplete));
  }
  std::istringstream events(read_file(folder / "events"));
  std::set<std::string> inside, ran_alone;
  std::string what, id, beside;
  while (events >> what >> id >> beside) {
    if (what == "end") inside.erase(id);
    if (beside == "no") {
      CHECK(inside.empty());
      ran_alone.insert(id);
    }
    if (what == "start") inside.insert(id);
  }
  CHECK(ran_alone == std::set<std::string>{"1", "2"});
}

TEST_CASE("a trial with a GPU of its own lacks memory for good") {
  TempFolder folder;
  write_file_atomic(folder / "program", R"(#!/bin/sh
echo run >> "$(dirname "$0")/events"
echo '{"format":1,"status":"out_of_memory","accuracy":0,"loss":0,"seconds":1,"message":""}' > "$3"
)");
  std::filesystem::permissions(folder / "program", std::filesystem::perms::owner_all);
  LocalExecutor executor({.program = folder / "program",
                          .folder = folder / "trials",
                          .accuracy = {},
                          .workers = 2,
                          .gpus = {.gpus = {"0", "1"}}});
  executor.submit(job_of(0));
  std::optional<TrialResult> result;
  while (!result && executor.in_flight() > 0)
    result = executor.next(std::chrono::milliseconds(100));
  REQUIRE(result);
  CHECK(result->evaluation.status == TrialStatus::kOutOfMemory);
  CHECK(read_file(folder / "events") == "run\n");
}

TEST_CASE("a program that cannot be started is an error") {
  TempFolder folder;
  LocalExecutor executor({folder / "absent", folder / "trials", {}, 1, 0});
  executor.submit(job_of(0));
  CHECK(error_of([&] {
          executor.next(std::chrono::milliseconds(0));
        }).find("absent: No such file or directory") != std::string::npos);
}
