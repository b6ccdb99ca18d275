#include "experiments/cost_estimate.h"

#include <algorithm>

#include "core/units.h"
#include "experiments/scaling_run.h"
#include "experiments/trial_runner.h"
#include "network/training_memory.h"

namespace ridgeline {
namespace {

/// `batch`: trials that are submitted together; `batches`: and waited for before the next ones.
int trials_at_a_time(const ExperimentConfig& config, int batch, bool batches) {
  switch (config.executor()) {
    case ExecutorKind::kInProcess:
      return 1;
    case ExecutorKind::kLocal:
      return batches ? std::min(config.runtime.workers, batch) : config.runtime.workers;
    case ExecutorKind::kSlurm:
      break;
  }
  if (!batches) return config.runtime.workers;
  const int limit = config.runtime.slurm.array_limit;
  return limit > 0 ? std::min(limit, batch) : batch;
}

int divide_up(int a, int b) { return (a + b - 1) / b; }

void add_later_phases(const ExperimentConfig& config, CostEstimate& estimate) {
  const int epochs = config.final_training.epochs;
  const int finalists = config.final_training.finalists;
  const int rounds_of_finalists =
      finalists > 1 ? divide_up(finalists, trials_at_a_time(config, finalists, true)) : 0;
  estimate.final_s =
      (1 + rounds_of_finalists) * estimate.trial_s *
      (epochs > 0 ? static_cast<double>(epochs) / config.accuracy.training.epochs : 1.0);
  if (!config.scaling.enabled) return;
  const int most = most_scaling_trials(config);
  const int grid = config.scaling.grid.max_candidates;
  const int rounds = divide_up(most, grid) * divide_up(grid, trials_at_a_time(config, grid, true));
  estimate.scaling_trials = most;
  estimate.scaling_wall_s = rounds * estimate.trial_s * config.scaling.latency_ratio;
}

}  // namespace

std::string CostEstimate::str() const {
  return "one trial takes about " + format_duration(trial_s) + ": " + std::to_string(trials) +
         " trials are " + format_duration(work_s) + " of work, " + format_duration(wall_s) +
         " with " + std::to_string(workers) + " at a time, if none is a repeat" + "; then about " +
         format_duration(final_s) + " of final training" +
         (scaling_trials > 0 ? " and up to " + format_duration(scaling_wall_s) + " of " +
                                   std::to_string(scaling_trials) + " scaled networks"
                             : "") +
         ": " + format_duration(total_s()) + " in all";
}

CostEstimate estimate_cost(const ExperimentConfig& config, double trial_s, int trials) {
  CostEstimate estimate{.trial_s = trial_s, .trials = trials, .workers = 1};
  const bool batches = config.search.mode == SearchMode::kSynchronous;
  estimate.workers = trials_at_a_time(config, config.search.batch, batches);
  estimate.work_s = trial_s * trials;
  int rounds = divide_up(trials, estimate.workers);
  if (batches) {
    const int batch = config.search.batch;
    rounds = trials / batch * divide_up(batch, estimate.workers) +
             divide_up(trials % batch, estimate.workers);
  }
  estimate.wall_s = trial_s * rounds;
  add_later_phases(config, estimate);
  return estimate;
}

double mean_trial_seconds(std::span<const Trial> trials) {
  double sum = 0;
  int count = 0;
  for (const Trial& trial : trials) {
    if (trial.status != TrialStatus::kComplete || trial.reused_from >= 0) continue;
    sum += trial.seconds;
    ++count;
  }
  return count > 0 ? sum / count : 0;
}

double dry_trial_seconds(const ExperimentConfig& config, const Architecture& architecture,
                         Executor& executor) {
  TrialRunner runner(executor, config.failures);  // without a store
  const auto start = std::chrono::steady_clock::now();
  runner.submit({.architecture = architecture,
                 .seed = config.seed,
                 .trial_id = kDryTrialId,
                 .epochs = 1,
                 .weights_path = {}});
  const auto result = runner.next();
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
  if (!result) throw Error(ErrorKind::kInterrupted, "stopped during the dry trial");
  const Evaluation& evaluation = result->evaluation;
  if (evaluation.status != TrialStatus::kComplete) {
    throw Error(ErrorKind::kInfeasible, "the dry trial ended as " + enum_name(evaluation.status) +
                                            ": " + evaluation.message);
  }
  // A cluster's queue is no part of the trial.
  const bool local = config.executor() != ExecutorKind::kSlurm;
  const double start_up = local ? std::max(0.0, wall.count() - evaluation.seconds) : 0;
  return start_up + evaluation.seconds * config.accuracy.training.epochs;
}

double trial_memory_mib(const ExperimentConfig& config, const Network& network) {
  constexpr double kProgramMib = 250;  // LibTorch and its libraries, resident
  const TrainingConfig& training = config.accuracy.training;
  const int parts = std::max(training.accumulate, training.processes);
  // Weights and gradients, the optimiser's one or two, and the moving average's.
  const int copies =
      2 + (training.optimizer == OptimizerKind::kSgd ? 1 : 2) + (training.ema_decay > 0 ? 1 : 0);
  const TrainingMemory memory = training_memory(
      network, {.batch = (training.batch + parts - 1) / parts,
                .copies_of_weights = copies,
                .own_kernels = training.kernels == KernelSource::kRidgeline && !training.bf16});
  return kProgramMib + memory.resident() / (1 << 20);
}

}  // namespace ridgeline
