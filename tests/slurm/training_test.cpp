#include "core/file.h"
#include "experiments/executors/slurm_executor.h"
#include "experiments/executors/trial_file.h"
#include "tests/app/program.h"
#include "tests/catch.h"
#include "tests/slurm/cluster.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

TrialFile training(int processes, int epochs) {
  TrialFile file;
  file.accuracy.data.classes = 3;
  file.accuracy.data.fractal.image_size = 16;
  file.accuracy.data.fractal.train_per_class = 16;
  file.accuracy.data.fractal.test_per_class = 4;
  file.accuracy.training.batch = 12;
  file.accuracy.training.ema_decay = 0.99;
  file.accuracy.training.processes = processes;
  file.spec.epochs = epochs;
  file.accuracy.training.validate_every = 0;  // the length of a training is what is wanted
  file.spec.architecture.classes = 3;
  file.spec.architecture.resolution = 16;
  file.spec.architecture.stem = {.filters = 8};
  file.spec.architecture.stages.resize(1);
  file.spec.architecture.stages[0].filters = 8;
  file.spec.architecture.head = {.filters = 16};
  return file;
}

Evaluation undisturbed(const TempFolder& folder, const TrialFile& file) {
  write_trial_file(folder / "spec.json", file);
  REQUIRE(run_program({"trial", folder / "spec.json", folder / "result.json"}).exit_code == 0);
  return read_result_file(folder / "result.json");
}

std::unique_ptr<SlurmExecutor> executor_of(const TempFolder& folder, const TrialFile& file) {
  SlurmConfig config;
  config.poll_s = 0.2;
  config.prologue = "echo $trial >>" + (folder / "starts").string();
  return std::make_unique<SlurmExecutor>(SlurmExecutorConfig{.program = ridgeline_program(),
                                                             .folder = folder / "trials",
                                                             .accuracy = file.accuracy,
                                                             .slurm = config,
                                                             .checkpoint_s = 0.05},
                                         [](const std::vector<std::string>& command) {
                                           return run_command(command,
                                                              {.time = std::chrono::seconds(30)});
                                         });
}

TrialResult result_of(SlurmExecutor& executor) {
  while (true) {
    REQUIRE(executor.in_flight() > 0);
    if (const auto result = executor.next(std::chrono::milliseconds(100))) return *result;
  }
}

}  // namespace

TEST_CASE("a trial of two processes is launched by srun, with the result of local processes") {
  need_cluster();
  TempFolder folder;
  const TrialFile file = training(2, 3);
  const Evaluation local = undisturbed(folder, file);
  const auto executor = executor_of(folder, file);
  executor->submit({file.spec});
  const TrialResult result = result_of(*executor);
  INFO(result.evaluation.message << result.log_tail);
  CHECK(result.evaluation.status == TrialStatus::kComplete);
  CHECK(result.evaluation.loss == local.loss);
  CHECK(result.evaluation.accuracy == local.accuracy);
}

TEST_CASE("a pre-empted trial is requeued and goes on from its checkpoint to the same bits") {
  need_cluster();
  struct Training {
    explicit Training(int processes) : file(training(processes, processes == 1 ? 300 : 60)) {}
    TempFolder folder;
    TrialFile file;
    Evaluation expected = undisturbed(folder, file);
    std::unique_ptr<SlurmExecutor> executor = executor_of(folder, file);
  };
  Training one(1), two(2);
  for (Training* run : {&one, &two}) {
    run->executor->submit({run->file.spec});
    while (!std::filesystem::exists(run->folder / "trials/0.checkpoint"))
      CHECK_FALSE(run->executor->next(std::chrono::milliseconds(50)));
    // It waits until Slurm wakes it to end it, however long that takes. The brackets keep the
    // shell's own command line from matching.
    shell("pkill -STOP -f 'trial " + run->folder.path().string() + "/[t]rials'");
  }
  shell("sbatch --partition=urgent --nodes=4 --exclusive --output=/dev/null --wrap=true");
  for (Training* run : {&one, &two}) {
    const TrialResult result = result_of(*run->executor);
    INFO(run->file.accuracy.training.processes << " processes: " << result.evaluation.message
                                               << result.log_tail);
    CHECK(result.evaluation.status == TrialStatus::kComplete);
    CHECK(result.evaluation.loss == run->expected.loss);
    CHECK(result.evaluation.accuracy == run->expected.accuracy);
    CHECK(result.attempt == 0);
    CHECK(read_file(run->folder / "starts") == "0\n0\n");
    CHECK(shell("cat " + (run->folder / "trials").string() + "/0.*.log")
              .find("the training continues in epoch ") != std::string::npos);
    run->executor->forget(0);
  }
}
