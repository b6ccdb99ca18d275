#pragma once

#include <string>

namespace ridgeline {

/// What `runtime.executor: slurm` asks of a cluster, per trial. An empty text or 0 leaves the
/// choice to the cluster.
struct SlurmConfig {
  std::string partition, account, qos, constraint;
  int cpus_per_task = 0;
  int gpus_per_task = 0;
  int memory_mb = 0;
  std::string time_limit;
  int array_limit = 0;
  int max_array_size = 1000;
  double poll_s = 5.0;
  double command_time_limit_s = 30.0;
  std::string prologue;
  std::string options;

  template <class V>
  void describe(V& v) {
    v.field("partition", partition, {.help = "partition; empty: the cluster's default"});
    v.field("account", account, {.help = "account to charge; empty: your default"});
    v.field("qos", qos, {.help = "quality of service; empty: your default"});
    v.field("constraint", constraint, {.help = "features that the node must have, such as a100"});
    v.field("cpus_per_task", cpus_per_task,
            {.help = "CPUs per process of a trial; 0: accuracy.training.threads",
             .min = 0,
             .max = 4096});
    v.field("gpus_per_task", gpus_per_task,
            {.help = "GPUs per process of a trial; 0: request none", .min = 0, .max = 64});
    v.field("memory_mb", memory_mb,
            {.help = "memory per node for one trial; 0: the cluster's default",
             .unit = "MB",
             .min = 0,
             .max = 1e8});
    v.field("time_limit", time_limit,
            {.help = "Slurm's time limit per trial, such as 2:00:00; empty: that of the partition; "
                     "use runtime.trial_time_limit_s to end hung trials earlier"});
    v.field("array_limit", array_limit,
            {.help = "largest number of trials of one batch that run at the same time; 0: as many "
                     "as Slurm allows",
             .min = 0,
             .max = 1e6});
    v.field(
        "max_array_size", max_array_size,
        {.help =
             "largest job array; larger batches are split; at most the cluster's MaxArraySize - 1",
         .min = 1,
         .max = 4e6});
    v.field("poll_s", poll_s,
            {.help = "interval between two queries of the queue",
             .unit = "s",
             .min = 0.05,
             .max = 3600});
    v.field("command_time_limit_s", command_time_limit_s,
            {.help = "a Slurm command that takes longer counts as unanswered",
             .unit = "s",
             .min = 0.1,
             .max = 3600});
    v.field("prologue", prologue,
            {.help = "shell lines to run before the trial, such as module load cuda; use a YAML "
                     "block (|) for several lines"});
    v.field("options", options,
            {.help = "additional sbatch options, separated by spaces, such as --exclude=node7"});
  }
};

}  // namespace ridgeline
