#include "experiments/local_executor.h"

#include <algorithm>

#include "core/file.h"
#include "tests/catch.h"
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
  */7.json) kill -STOP $$ ;;
  */6.json) echo "{\"format\":1,\"status\":\"complete\",\"accuracy\":$OMP_NUM_THREADS,\"loss\":1,\"seconds\":1,\"message\":\"$OMP_WAIT_POLICY\"}" > "$3" ;;
esac
)";

TrialJob job_of(uint64_t id) {
  TrialJob job;
  job.spec.architecture.stages.resize(1);
  job.spec.trial_id = id;
  return job;
}

std::vector<TrialResult> run(int workers, double time_limit_s, const std::vector<uint64_t>& ids,
                             int threads = 1) {
  TempFolder folder;
  write_file_atomic(folder / "program", kProgram);
  std::filesystem::permissions(folder / "program", std::filesystem::perms::owner_all);
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
  const auto results = run(2, 0.3, {0, 7});
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

TEST_CASE("a program that cannot be started is an error") {
  TempFolder folder;
  LocalExecutor executor({folder / "absent", folder / "trials", {}, 1, 0});
  executor.submit(job_of(0));
  CHECK(error_of([&] {
          executor.next(std::chrono::milliseconds(0));
        }).find("absent: No such file or directory") != std::string::npos);
}
