#include <algorithm>
#include <map>

#include "core/file.h"
#include "experiments/executors/slurm_executor.h"
#include "experiments/executors/trial_file.h"
#include "tests/catch.h"
#include "tests/experiments/small_run.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

/// A cluster in memory: arrays become tasks, and a test says what becomes of each.
class FakeSlurm {
 public:
  CommandOutput operator()(const std::vector<std::string>& command) {
    if (!answers) return {.exit_code = -9, .timed_out = true, .out = {}, .err = {}};
    if (command[0] == "sbatch") return submit(command);
    if (command[0] == "scancel") {
      for (size_t i = 2; i < command.size(); ++i) {
        cancelled.push_back(command[i]);
        std::erase_if(tasks, [&](const SlurmTask& t) {
          return std::to_string(t.job) + "_" + std::to_string(t.index) == command[i];
        });
      }
      return {};
    }
    std::string text;
    for (const auto& t : tasks) {
      text += std::to_string(t.job) + "|" + std::to_string(t.index) + "|" + t.state_word + "|" +
              std::to_string(static_cast<int>(t.seconds)) + "|" + t.host + "|" + t.reason + "|" +
              t.name + "\n";
    }
    return {.exit_code = 0, .timed_out = false, .out = text, .err = {}};
  }

  SlurmTask& task(int index) {
    return *std::find_if(tasks.begin(), tasks.end(),
                         [&](const SlurmTask& t) { return t.index == index; });
  }
  void run(int index, double seconds = 1) {
    task(index).state_word = "RUNNING";
    task(index).seconds = seconds;
    task(index).host = "n1";
  }
  void forget(int index) {
    std::erase_if(tasks, [&](const SlurmTask& t) { return t.index == index; });
  }

  std::vector<SlurmTask> tasks;
  std::vector<std::vector<std::string>> submissions;
  std::vector<std::string> cancelled;
  std::string refusal;
  bool answers = true;
  bool takes_without_a_word = false;

 private:
  CommandOutput submit(const std::vector<std::string>& command) {
    if (!refusal.empty()) return {.exit_code = 1, .timed_out = false, .out = {}, .err = refusal};
    submissions.push_back(command);
    std::map<std::string, std::string> options;
    for (const auto& part : command) {
      const size_t equals = part.find('=');
      if (equals != std::string::npos) options[part.substr(0, equals)] = part.substr(equals + 1);
    }
    const int last = std::stoi(options["--array"].substr(2));
    const uint64_t job = 100 + submissions.size();
    for (int i = 0; i <= last; ++i) {
      SlurmTask t;
      t.job = job;
      t.index = i;
      t.state_word = "PENDING";
      t.reason = "Resources";
      t.name = options["--job-name"];
      tasks.push_back(t);
    }
    if (takes_without_a_word) return {.exit_code = -9, .timed_out = true, .out = {}, .err = {}};
    return {.exit_code = 0, .timed_out = false, .out = std::to_string(job) + "\n", .err = {}};
  }
};

struct Bench {
  std::unique_ptr<SlurmExecutor> executor(double time_limit_s = 0) {
    SlurmConfig config;
    config.poll_s = 0;  // every look of `next` at the queue is one poll
    return std::make_unique<SlurmExecutor>(
        SlurmExecutorConfig{"/opt/ridgeline", folder / "trials", {}, config, time_limit_s},
        [this](const std::vector<std::string>& command) { return slurm(command); });
  }
  void finish(uint64_t id, double accuracy) const {
    Evaluation evaluation;
    evaluation.accuracy = accuracy;
    write_result_file(folder / ("trials/" + std::to_string(id) + ".result.json"), evaluation);
  }
  TempFolder folder;
  FakeSlurm slurm;
};

/// One poll.
std::optional<TrialResult> look(SlurmExecutor& executor) {
  return executor.next(std::chrono::milliseconds(0));
}

}  // namespace

TEST_CASE("squeue's answer is read, recorded from Slurm 22.05") {
  const auto tasks = parse_queue(
      "1|0|RUNNING|0:07|n1|None|ridgeline-ab-1\n"
      "1|1|PENDING|0:00||launch failed requeued held|ridgeline-ab-1\n"
      "1|2|PENDING|0:00||Resources|a|b\n"
      "2|N/A|RUNNING|1-02:03:04|n2|None|another\n"
      "3|0|NODE_FAIL|2:05|n4|NodeDown|ridgeline-ab-2\n");
  REQUIRE(tasks);
  REQUIRE(tasks->size() == 4);
  CHECK((*tasks)[0].state == SlurmState::kRunning);
  CHECK((*tasks)[0].seconds == 7);
  CHECK((*tasks)[0].host == "n1");
  CHECK((*tasks)[0].name == "ridgeline-ab-1");
  CHECK((*tasks)[1].state == SlurmState::kHeld);
  CHECK((*tasks)[2].state == SlurmState::kQueued);
  CHECK((*tasks)[2].name == "a|b");
  CHECK((*tasks)[3].state == SlurmState::kEnded);
  CHECK((*tasks)[3].seconds == 125);
  CHECK(parse_elapsed("1-02:03:04") == 93784);
}

TEST_CASE("an answer that was cut off is no answer, and an empty one is") {
  CHECK_FALSE(parse_queue("1|0|RUNNING|0:07|n1|None|name\n1|1|PEND"));
  REQUIRE(parse_queue(""));
  CHECK(parse_queue("")->empty());
}

TEST_CASE("all trials submitted between two calls of next become one array of tasks") {
  Bench bench;
  auto executor = bench.executor();
  for (const uint64_t id : {7, 8, 9}) executor->submit(job_of(id));
  CHECK_FALSE(look(*executor));
  REQUIRE(bench.slurm.submissions.size() == 1);
  const auto& command = bench.slurm.submissions[0];
  CHECK(std::count(command.begin(), command.end(), "--array=0-2") == 1);
  CHECK(std::count(command.begin(), command.end(), "--requeue") == 1);
  CHECK(executor->in_flight() == 3);
  CHECK(executor->waiting() == "3 queued: all fitting nodes are busy (Resources)");
  bench.slurm.run(1);
  bench.finish(8, 0.25);
  const auto result = look(*executor);
  REQUIRE(result);
  CHECK(result->id == 8);
  CHECK(result->evaluation.accuracy == 0.25);
  CHECK(executor->in_flight() == 2);
}

TEST_CASE("a result counts although Slurm calls its job failed or does not answer") {
  Bench bench;
  auto executor = bench.executor();
  executor->submit(job_of(0));
  executor->submit(job_of(1));
  look(*executor);
  bench.slurm.task(0).state_word = "NODE_FAIL";
  bench.finish(0, 0.5);
  CHECK(look(*executor)->evaluation.status == TrialStatus::kComplete);
  bench.slurm.answers = false;
  bench.finish(1, 0.5);
  CHECK(look(*executor)->evaluation.status == TrialStatus::kComplete);
}

TEST_CASE("a job without a result is lost when Slurm does not know it twice, silence not counted") {
  Bench bench;
  auto executor = bench.executor();
  executor->submit(job_of(4));
  look(*executor);
  bench.slurm.forget(0);
  CHECK_FALSE(look(*executor));
  bench.slurm.answers = false;
  for (int i = 0; i < 5; ++i) CHECK_FALSE(look(*executor));
  CHECK(executor->waiting().find("Slurm does not answer") == 0);
  bench.slurm.answers = true;
  const auto result = look(*executor);
  REQUIRE(result);
  CHECK(result->evaluation.status == TrialStatus::kLost);
  CHECK(result->evaluation.message == "lost: Slurm job 101_0 is gone without a result");
  CHECK(executor->in_flight() == 0);
}

TEST_CASE("a job under the same id but another name is another job") {
  Bench bench;
  auto executor = bench.executor();
  executor->submit(job_of(4));
  look(*executor);
  bench.slurm.task(0).name = "of-another-user-of-the-id";
  CHECK_FALSE(look(*executor));
  CHECK(look(*executor)->evaluation.message.find("is gone") != std::string::npos);
  CHECK(bench.slurm.cancelled.empty());
}

TEST_CASE("a job that Slurm requeues keeps its trial waiting, one that it holds is given up") {
  Bench bench;
  auto executor = bench.executor();
  executor->submit(job_of(0));
  look(*executor);
  bench.slurm.task(0).state_word = "NODE_FAIL";
  CHECK_FALSE(look(*executor));
  bench.slurm.task(0).state_word = "PENDING";
  bench.slurm.task(0).reason = "BeginTime";
  for (int i = 0; i < 3; ++i) CHECK_FALSE(look(*executor));
  bench.slurm.task(0).reason = "launch failed requeued held";
  const auto result = look(*executor);
  REQUIRE(result);
  CHECK(result->evaluation.message == "lost: Slurm holds job 101_0: launch failed requeued held");
  CHECK(bench.slurm.cancelled == std::vector<std::string>{"101_0"});
}

TEST_CASE("a trial that failed is told with its exit code and last words") {
  Bench bench;
  auto executor = bench.executor();
  executor->submit(job_of(3));
  look(*executor);
  const std::string tag = bench.slurm.task(0).name.substr(bench.slurm.task(0).name.rfind('-') + 1);
  write_file_atomic(bench.folder / ("trials/3." + tag + ".log"), "first\nthe cause\n");
  write_file_atomic(bench.folder / ("trials/3." + tag + ".exit"), "9\n");
  const auto result = look(*executor);
  REQUIRE(result);
  CHECK(result->evaluation.status == TrialStatus::kCrashed);
  CHECK(result->evaluation.message == "ended with exit code 9: the cause");
  CHECK(result->log_tail == "first\nthe cause");
}

TEST_CASE("a trial of several processes is one step of as many tasks, with its checkpoint") {
  TempFolder folder;
  SlurmFiles files(folder / "trials");
  SlurmConfig config;
  config.gpus_per_task = 1;
  config.prologue = "module load cuda";
  const SlurmTrial trial{"/opt/ridgeline", 2, 3, 60};
  const auto options = slurm_options(config, "name", 5, trial);
  CHECK(std::count(options.begin(), options.end(), "--ntasks=3") == 1);
  CHECK(std::count(options.begin(), options.end(), "--cpus-per-task=2") == 1);
  CHECK(std::count(options.begin(), options.end(), "--gpus-per-task=1") == 1);
  files.write_batch("1", {7}, trial, config);
  const std::string script = read_file(files.script("1"));
  CHECK(script.find("export OMP_NUM_THREADS=2\n") != std::string::npos);
  CHECK(script.find("\nmodule load cuda\n"
                    "srun --ntasks=3 --cpus-per-task=2 --kill-on-bad-exit=1 '/opt/ridgeline' trial "
                    "\"$spec\" \"$result\" --checkpoint \"$folder/$trial.checkpoint\" "
                    "--checkpoint-every 60 &\n") != std::string::npos);
  files.write_batch("2", {7}, {"/opt/ridgeline"}, config);
  CHECK(read_file(files.script("2")).find("srun") == std::string::npos);
}

TEST_CASE("the checkpoint of a trial stays for another attempt, and goes when it is decided") {
  Bench bench;
  auto executor = bench.executor();
  executor->submit(job_of(3));
  look(*executor);
  write_file_atomic(bench.folder / "trials/3.checkpoint", "");
  bench.finish(3, 0.5);
  REQUIRE(look(*executor));
  CHECK(std::filesystem::exists(bench.folder / "trials/3.checkpoint"));
  executor->forget(3);
  CHECK_FALSE(std::filesystem::exists(bench.folder / "trials/3.checkpoint"));
}

TEST_CASE("a trial that runs past its time limit is cancelled, and waiting is not running") {
  Bench bench;
  auto executor = bench.executor(10);
  executor->submit(job_of(0));
  executor->submit(job_of(1));
  look(*executor);
  bench.slurm.run(0, 9);
  CHECK_FALSE(look(*executor));
  bench.slurm.run(0, 11);
  const auto result = look(*executor);
  REQUIRE(result);
  CHECK(result->evaluation.status == TrialStatus::kTimeOut);
  CHECK(result->host == "n1");
  CHECK(bench.slurm.cancelled == std::vector<std::string>{"101_0"});
  CHECK(executor->in_flight() == 1);
}

TEST_CASE("a later process finds the jobs of a killed one, takes over results, resubmits no job") {
  Bench bench;
  auto killed = bench.executor();
  for (const uint64_t id : {0, 1, 2}) killed->submit(job_of(id));
  look(*killed);
  bench.slurm.run(1);
  bench.finish(0, 0.125);
  bench.slurm.forget(0);
  auto resumed = bench.executor();
  for (const uint64_t id : {0, 1}) resumed->submit(job_of(id));
  auto changed = job_of(2);
  changed.spec.epochs = 5;  // another trial under the same id: neither its job nor its result serve
  resumed->submit(changed);
  const auto result = look(*resumed);
  REQUIRE(result);
  CHECK(result->id == 0);
  CHECK(result->evaluation.accuracy == 0.125);
  CHECK(bench.slurm.submissions.size() == 2);
  const auto& second = bench.slurm.submissions.back();
  CHECK(std::count(second.begin(), second.end(), "--array=0-0") == 1);
  CHECK(bench.slurm.cancelled == std::vector<std::string>{"101_2"});
  bench.finish(1, 0.75);
  CHECK(look(*resumed)->evaluation.accuracy == 0.75);
  bench.slurm.answers = false;  // the first executor's destructor must not reach the second's jobs
  killed.reset();
  bench.slurm.answers = true;
}

TEST_CASE("an array that Slurm took without saying so is found in the queue, not handed in again") {
  Bench bench;
  auto executor = bench.executor();
  executor->submit(job_of(0));
  bench.slurm.takes_without_a_word = true;
  CHECK_FALSE(look(*executor));
  CHECK(executor->in_flight() == 1);
  bench.slurm.takes_without_a_word = false;
  CHECK_FALSE(look(*executor));
  CHECK(bench.slurm.submissions.size() == 1);
  bench.finish(0, 0.5);
  CHECK(look(*executor)->id == 0);
}

TEST_CASE("what Slurm refuses is an error with its words; what passes is tried again") {
  Bench bench;
  auto executor = bench.executor();
  executor->submit(job_of(0));
  bench.slurm.refusal = "sbatch: error: Unable to contact slurm controller (connect failure)\n";
  CHECK_FALSE(look(*executor));
  CHECK(executor->waiting() == "Slurm does not answer; asking again");
  bench.slurm.refusal = "sbatch: error: invalid partition specified: nope\n";
  CHECK(error_of([&] { look(*executor); }).find("invalid partition specified: nope;") !=
        std::string::npos);
}

TEST_CASE("a cancelled trial gives no result and leaves no job") {
  Bench bench;
  auto executor = bench.executor();
  executor->submit(job_of(0));
  executor->submit(job_of(1));
  look(*executor);
  executor->cancel(0);
  CHECK(executor->in_flight() == 1);
  executor.reset();
  CHECK(bench.slurm.tasks.empty());
}

TEST_CASE("a new attempt is a new job, and a failed result of an earlier one does not answer it") {
  Bench bench;
  auto executor = bench.executor();
  executor->submit(job_of(0));
  look(*executor);
  Evaluation failed;
  failed.status = TrialStatus::kOutOfMemory;
  write_result_file(bench.folder / "trials/0.result.json", failed);
  CHECK(look(*executor)->evaluation.status == TrialStatus::kOutOfMemory);
  executor->submit(job_of(0, 1));
  CHECK_FALSE(look(*executor));
  CHECK(bench.slurm.submissions.size() == 2);
  bench.finish(0, 0.5);
  const auto result = look(*executor);
  REQUIRE(result);
  CHECK(result->attempt == 1);
  CHECK(result->evaluation.status == TrialStatus::kComplete);
}
