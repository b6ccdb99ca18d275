#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <optional>
#include <thread>

#include "app/command_line.h"
#include "app/commands.h"
#include "app/pipeline.h"
#include "core/file.h"
#include "core/interrupt.h"
#include "core/logging.h"
#include "core/random.h"
#include "core/units.h"
#include "experiments/executors/gpu_locks.h"
#include "experiments/executors/rank_processes.h"
#include "experiments/executors/trial_file.h"
#include "runtime/device.h"
#include "runtime/device_memory.h"
#include "runtime/rank_group.h"

namespace ridgeline {
namespace {

/// How long rank 0 looks for a rank that died before it calls the loss a hang.
constexpr std::chrono::seconds kCauseGrace{2};
/// How long the other ranks leave it to rank 0 to end the trial, before they end rank 0.
constexpr std::chrono::seconds kEndGrace{10};

std::optional<std::string> variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

/// The place that `srun` gave this process; nothing outside of a step of several tasks. A batch
/// script has SLURM_NTASKS too, but only a step has SLURM_STEP_NUM_TASKS.
std::optional<RankPlace> place_in_slurm_step(const TrialOptions& options, int processes) {
  const int tasks = std::atoi(variable("SLURM_STEP_NUM_TASKS").value_or("1").c_str());
  if (tasks <= 1 || options.parent > 0) return std::nullopt;
  if (tasks != processes) {
    throw Error(ErrorKind::kConfig, "accuracy.training.processes: is " + std::to_string(processes) +
                                        ", but srun started " + std::to_string(tasks) +
                                        " tasks: the two must be equal");
  }
  RankPlace place;
  place.rank = std::atoi(variable("SLURM_PROCID").value_or("0").c_str());
  place.size = tasks;
  place.one_host = variable("SLURM_STEP_NUM_NODES").value_or("1") == "1";
  // A requeued job has the same id, and must not meet the ranks of its earlier life.
  place.rendezvous = options.result + "." + variable("SLURM_JOB_ID").value_or("0") + "." +
                     variable("SLURM_STEP_ID").value_or("0") + "." +
                     variable("SLURM_RESTART_COUNT").value_or("0") + ".ranks";
  return place;
}

/// What this process must heed on a GPU that it has not for itself.
void share_gpu(const TrialOptions& options, TrialFile& file) {
  const auto& training = file.accuracy.training;
  if (!trains_on_data(file.accuracy.kind) || training.device == "cpu") return;
  const c10::Device device = device_from_text(training.device);
  if (options.gpu_processes > 1) limit_memory(device, options.gpu_processes);
  if (options.gpu_lock.empty()) return;
  const auto lock = std::make_shared<TrainingLock>(options.gpu_lock);
  file.spec.checkpoint.between_steps = [lock, device] {
    lock->give_way([&] { finish_work(device); });
  };
}

Evaluation evaluate_as_rank(const TrialOptions& options, TrialFile file, RankPlace place,
                            int local_rank, bool in_slurm) {
  file.accuracy.training.device =
      device_of_rank(file.accuracy.training.device, local_rank, /*own_gpu=*/in_slurm);
  share_gpu(options, file);
  place.device = file.accuracy.training.device;
  place.time_limit_s = file.accuracy.training.rank_time_limit_s;
  RankGroup ranks(place);
  const Evaluation result = evaluator_of(file.accuracy, &ranks)->evaluate(file.spec);
  if (place.rank != 0 && result.status == TrialStatus::kOutOfMemory) {
    throw Error(ErrorKind::kInfeasible,
                "rank " + std::to_string(place.rank) + ": " + result.message);
  }
  return result;
}

/// What starts another rank of this trial, but for its number.
std::vector<std::string> rank_command(const TrialOptions& options, const RankPlace& place) {
  std::vector<std::string> command = {this_program(), "trial", options.spec, options.result};
  if (!options.checkpoint.empty())
    command.insert(command.end(), {"--checkpoint", options.checkpoint});
  if (options.gpu_processes > 1)
    command.insert(command.end(), {"--gpu-processes", std::to_string(options.gpu_processes)});
  command.insert(command.end(),
                 {"--parent", std::to_string(getpid()), "--rendezvous", place.rendezvous});
  return command;
}

/// Rank 0 of a trial that starts its own ranks: a lost rank is a status of the trial.
Evaluation lead_ranks(const TrialOptions& options, const TrialFile& file) {
  RankPlace place;
  place.size = file.accuracy.training.processes;
  place.rendezvous = options.result + "." + std::to_string(getpid()) + ".ranks";
  std::error_code ignored;
  std::filesystem::remove(place.rendezvous, ignored);  // of a dead process with our id
  RankProcesses others(rank_command(options, place), place.size);
  const auto start = std::chrono::steady_clock::now();
  try {
    return evaluate_as_rank(options, file, place, 0, /*in_slurm=*/false);
  } catch (const RankLost& lost) {
    std::filesystem::remove(place.rendezvous, ignored);  // where some never met
    // A signal to the whole group may reach a rank before it can heed it.
    if (interrupts() > 0) throw Error(ErrorKind::kInterrupted, lost.what());
    Evaluation result;
    result.status = TrialStatus::kCrashed;
    result.message = std::string(lost.what()) + "; time limit " +
                     format_duration(file.accuracy.training.rank_time_limit_s);
    if (const auto cause = others.failure(kCauseGrace)) result = *cause;
    result.seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return result;
  }
}

/// A rank that was started by rank 0, which reports the result.
void follow_rank_0(const TrialOptions& options, const TrialFile& file) {
  RankPlace place;
  place.rank = options.rank;
  place.size = file.accuracy.training.processes;
  place.rendezvous = options.rendezvous;
  try {
    evaluate_as_rank(options, file, place, options.rank, /*in_slurm=*/false);
  } catch (const RankLost& lost) {
    // Rank 0 has noticed too, and its end is ours. If it hangs, we are the ones to end it.
    std::this_thread::sleep_for(kEndGrace);
    spdlog::error("{}; rank 0 does not react and is ended", lost.what());
    kill(options.parent, SIGKILL);
  }
}

void run_in_step(const TrialOptions& options, const TrialFile& file, const RankPlace& place) {
  const int local_rank = std::atoi(variable("SLURM_LOCALID").value_or("0").c_str());
  try {
    const Evaluation result = evaluate_as_rank(options, file, place, local_rank, /*in_slurm=*/true);
    if (place.rank == 0) write_result_file(options.result, result);
  } catch (const Error& error) {
    // No result says enough, and another exit code would have srun kill the other ranks, and
    // report that.
    if (error.kind() != ErrorKind::kInterrupted) throw;
    spdlog::info("{}", error.what());
  } catch (const RankLost& lost) {
    if (interrupts() > 0) return;  // all were asked to stop, and rank 0 was first
    // No result: whether the job was pre-empted, lost a node or crashed is Slurm's to say.
    throw Error(ErrorKind::kInfeasible, lost.what());
  }
}

/// Any rank may be sent a signal to stop; rank 0 decides when all do, by leaving.
CheckpointPlan checkpoint_plan(const TrialOptions& options) {
  install_trial_interrupt_handler();
  CheckpointPlan plan{.path = options.checkpoint,
                      .identity = training_identity(options.spec),
                      .every_s = options.checkpoint_every};
  const bool follows = options.rank > 0 || variable("SLURM_PROCID").value_or("0") != "0";
  if (!follows) plan.stop_asked = [] { return interrupts() > 0; };
  return plan;
}

}  // namespace

void trial_command(const TrialOptions& options) {
  if (options.parent > 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != options.parent) return;  // it died before we asked to follow
  }
  TrialFile file = read_trial_file(options.spec);
  if (!options.checkpoint.empty()) file.spec.checkpoint = checkpoint_plan(options);
  const auto& training = file.accuracy.training;
  set_threads(training.threads);
  if (file.accuracy.kind != AccuracyKind::kProxy || training.processes == 1) {
    share_gpu(options, file);
    write_result_file(options.result, evaluator_of(file.accuracy)->evaluate(file.spec));
  } else if (options.rank > 0) {
    follow_rank_0(options, file);
  } else if (const auto place = place_in_slurm_step(options, training.processes)) {
    run_in_step(options, file, *place);
  } else {
    write_result_file(options.result, lead_ranks(options, file));
  }
}

}  // namespace ridgeline
