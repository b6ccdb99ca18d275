#pragma once

#include <span>
#include <string>

#include "experiments/config.h"
#include "experiments/executors/executor.h"
#include "experiments/store/trial.h"

namespace ridgeline {

/// What the trials that are still to be made will take, and what comes after the search.
struct CostEstimate {
  double trial_s = 0;  ///< one trial's wall time
  int trials = 0;
  int workers = 1;            ///< trials at a time
  double work_s = 0;          ///< of all trials, one after the other
  double wall_s = 0;          ///< of the search, `workers` at a time
  double final_s = 0;         ///< of the final training, and of the finalists before it
  int scaling_trials = 0;     ///< at most
  double scaling_wall_s = 0;  ///< of these, as many at a time
  double total_s() const { return wall_s + final_s + scaling_wall_s; }
  /// "one trial takes about 41s: 48 trials are 33m of work, ...; then ... of final training"
  std::string str() const;
};

/// From the wall time of one trial. A synchronous batch takes as many rounds as `workers` need for
/// it; Slurm is taken to give each batch all that `runtime.slurm.array_limit` allows. The final
/// training counts by its epochs, as do the finalists; a stopped trial counts as a whole one, a
/// scaled network as `scaling.latency_ratio` trials, since what is slower to run is about as much
/// slower to train.
CostEstimate estimate_cost(const ExperimentConfig& config, double trial_s, int trials);

/// The mean wall time of trials that were trained; 0: none was.
double mean_trial_seconds(std::span<const Trial> trials);

/// MiB of main memory that a trial of `network` takes on a CPU, but for the images: the program,
/// and `training_memory`.
double trial_memory_mib(const ExperimentConfig& config, const Network& network);

/// Trains `architecture` for one epoch through the executor, under an id of its own and without a
/// record, so that no trial can depend on it, and tells what all of `accuracy.training.epochs`
/// would take: start-up of the process once, the training that many times. Throws `kInfeasible`
/// with the cause when it does not complete, `kInterrupted` when the user stopped it.
double dry_trial_seconds(const ExperimentConfig& config, const Architecture& architecture,
                         Executor& executor);

}  // namespace ridgeline
