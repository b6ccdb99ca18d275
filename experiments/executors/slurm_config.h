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
    v.field("constraint", constraint, {.help = "features that a node must have, such as a100"});
    v.field("cpus_per_task", cpus_per_task,
            {.help = "CPUs of one process of a trial; 0: accuracy.training.threads",
             .min = 0,
             .max = 4096});
    v.field("gpus_per_task", gpus_per_task,
            {.help = "GPUs of one process of a trial; 0: none asked for", .min = 0, .max = 64});
    v.field("memory_mb", memory_mb,
            {.help = "memory of one trial, per node; 0: the cluster's default",
             .unit = "MB",
             .min = 0,
             .max = 1e8});
    v.field("time_limit", time_limit,
            {.help = "Slurm's limit per trial, such as 2:00:00; empty: the partition's; "
                     "runtime.trial_time_limit_s ends a hung trial sooner"});
    v.field("array_limit", array_limit,
            {.help = "trials of one batch that run at a time; 0: as many as Slurm gives",
             .min = 0,
             .max = 1e6});
    v.field("max_array_size", max_array_size,
            {.help = "larger batches are split; no more than the cluster's MaxArraySize - 1",
             .min = 1,
             .max = 4e6});
    v.field(
        "poll_s", poll_s,
        {.help = "pause between two looks at the queue", .unit = "s", .min = 0.05, .max = 3600});
    v.field("command_time_limit_s", command_time_limit_s,
            {.help = "a Slurm command that takes longer counts as no answer",
             .unit = "s",
             .min = 0.1,
             .max = 3600});
    v.field("prologue", prologue,
            {.help = "shell lines before the trial, such as module load cuda; several in a YAML "
                     "block (|)"});
    v.field("options", options,
            {.help = "more options of sbatch, separated by blanks, such as --exclude=node7"});
  }
};

}  // namespace ridgeline
