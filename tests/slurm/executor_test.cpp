#include <map>

#include "core/file.h"
#include "experiments/executors/slurm_executor.h"
#include "tests/catch.h"
#include "tests/slurm/cluster.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

/// A program that does what its trial's number asks for; $2 is the specification, $3 the result.
/// Each start is one line in `starts`.
constexpr const char* kProgram = R"(#!/bin/sh
folder=$(dirname "$2")
echo "$(basename "$2" .json) $SLURMD_NODENAME" >>"$folder/../starts"
finish() {
  echo '{"format":1,"status":"complete","accuracy":0.5,"loss":1,"seconds":1,"message":""}' >"$3.tmp"
  mv "$3.tmp" "$3"
}
case "$2" in
  */1.json) echo 'the cause' >&2; exit 9 ;;
  */2.json) kill -KILL $$ ;;
  */3.json) exec sleep 600 ;;
  */4.json) while [ ! -e "$folder/../go" ]; do sleep 0.1; done; finish "$@" ;;
  *) finish "$@" ;;
esac
)";

TrialJob job_of(uint64_t id) {
  TrialJob job;
  job.spec.architecture.stages.resize(1);
  job.spec.trial_id = id;
  return job;
}

struct Bench {
  Bench() {
    write_file_atomic(folder / "program", kProgram);
    std::filesystem::permissions(folder / "program", std::filesystem::perms::owner_all);
  }
  std::unique_ptr<SlurmExecutor> executor(double time_limit_s = 0) const {
    SlurmConfig config;
    config.poll_s = 0.2;
    return std::make_unique<SlurmExecutor>(
        SlurmExecutorConfig{folder / "program", folder / "trials", {}, config, time_limit_s},
        [](const std::vector<std::string>& command) {
          return run_command(command, {.time = std::chrono::seconds(30)});
        });
  }
  TempFolder folder;
};

std::map<uint64_t, TrialResult> all_results(SlurmExecutor& executor) {
  std::map<uint64_t, TrialResult> results;
  while (executor.in_flight() > 0) {
    if (auto result = executor.next(std::chrono::milliseconds(100)))
      results.emplace(result->id, *result);
  }
  return results;
}

/// The node on which a trial runs, once it does.
std::string node_of(const std::filesystem::path& starts, const std::string& trial) {
  while (!std::filesystem::exists(starts)) shell("sleep 0.1");
  const std::string text = shell("grep '^" + trial + " ' " + starts.string() + " | tail -n 1");
  return text.substr(trial.size() + 1, text.size() - trial.size() - 2);
}

}  // namespace

TEST_CASE(
    "on a cluster, each end of a trial is a status with its cause, and nothing is left over") {
  need_cluster();
  Bench bench;
  auto executor = bench.executor(5);
  for (uint64_t id = 0; id < 4; ++id) executor->submit(job_of(id));
  auto results = all_results(*executor);
  REQUIRE(results.size() == 4);
  CHECK(results[0].evaluation.status == TrialStatus::kComplete);
  CHECK(results[1].evaluation.message == "ended with exit code 9: the cause");
  CHECK(results[2].evaluation.status == TrialStatus::kCrashed);
  CHECK(results[2].evaluation.message.find("killed by signal 9") == 0);
  CHECK(results[3].evaluation.status == TrialStatus::kTimeOut);
  CHECK(results[3].host.starts_with("n"));
  while (!live_tasks().empty()) shell("sleep 0.1");  // a cancelled job takes its time to end
  executor.reset();
  CHECK_FALSE(std::filesystem::exists(bench.folder / "trials"));
}

TEST_CASE(
    "a trial whose job is cancelled behind our back is lost, one whose node fails runs elsewhere") {
  need_cluster();
  Bench bench;
  auto executor = bench.executor();
  executor->submit(job_of(4));
  CHECK_FALSE(executor->next(std::chrono::milliseconds(0)));
  const std::string node = node_of(bench.folder / "starts", "4");
  shell("scontrol update NodeName=" + node + " State=DOWN Reason=test");
  write_file_atomic(bench.folder / "go", "");
  auto results = all_results(*executor);
  CHECK(results[4].evaluation.status == TrialStatus::kComplete);
  shell("scontrol update NodeName=" + node + " State=RESUME || true");  // it may be back already

  executor->submit(job_of(3));
  while (live_tasks().find("RUNNING") == std::string::npos) {
    CHECK_FALSE(executor->next(std::chrono::milliseconds(100)));
  }
  shell("scancel --me");
  results = all_results(*executor);
  CHECK(results[3].evaluation.message.find("lost: Slurm job ") == 0);
}

TEST_CASE("a node that falls silent is given up by Slurm, and its trial runs elsewhere") {
  need_cluster();
  Bench bench;
  auto executor = bench.executor();
  executor->submit(job_of(4));
  CHECK_FALSE(executor->next(std::chrono::milliseconds(0)));
  const auto starts = bench.folder / "starts";
  const std::string node = node_of(starts, "4");
  shell("kill -KILL $(cat $(dirname $SLURM_CONF)/slurmd-" + node + ".pid)");
  // The first copy runs on, cut off: Slurm starts a second one after its SlurmdTimeout.
  while (node_of(starts, "4") == node) CHECK_FALSE(executor->next(std::chrono::milliseconds(100)));
  write_file_atomic(bench.folder / "go", "");
  CHECK(all_results(*executor)[4].evaluation.status == TrialStatus::kComplete);
  CHECK(shell("grep -c '^4 ' " + starts.string()) == "2\n");
  shell((source_folder() / "scripts/slurm_cluster").string() + " node $(dirname $SLURM_CONF) " +
        node.substr(1));
}
