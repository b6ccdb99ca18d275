#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/config.h"
#include "experiments/executors/slurm_config.h"

namespace ridgeline {

enum class ExecutorKind { kLocal, kInProcess, kSlurm };
template <>
struct EnumNames<ExecutorKind> {
  static constexpr std::array<std::pair<ExecutorKind, const char*>, 3> values{
      {{ExecutorKind::kLocal, "local"},
       {ExecutorKind::kInProcess, "in_process"},
       {ExecutorKind::kSlurm, "slurm"}}};
};

/// What a target does that the pre-flight finds out of reach or pointless.
enum class PreflightPolicy { kStop, kWarn };
template <>
struct EnumNames<PreflightPolicy> {
  static constexpr std::array<std::pair<PreflightPolicy, const char*>, 2> values{
      {{PreflightPolicy::kStop, "stop"}, {PreflightPolicy::kWarn, "warn"}}};
};

/// How a run is carried out. Nothing here changes a result, so a resumed run may change it.
struct RuntimeConfig {
  std::optional<ExecutorKind> executor = {};  ///< see ExperimentConfig::executor
  int workers = 2;
  double trial_time_limit_s = 0;
  double trial_checkpoint_s = 120;
  std::optional<std::vector<std::string>> gpus;
  int checkpoint_batches = 50;
  PreflightPolicy preflight = PreflightPolicy::kStop;
  bool dry_trial = true;
  SlurmConfig slurm;

  template <class V>
  void describe(V& v) {
    v.field(
        "executor", executor,
        {.help = "local: one process per trial on this machine, so a crash fails only one "
                 "trial; in_process: no extra processes, for evaluators that train no network in a "
                 "trial; "
                 "slurm: jobs on a cluster; ~: local if accuracy.kind is proxy or command, else "
                 "in_process"});
    const ExecutorKind kind = executor.value_or(ExecutorKind::kLocal);
    v.field(
        "workers", workers,
        {.help =
             "number of trials that run at the same time (executor local, or mode asynchronous)",
         .min = 1,
         .max = 4096});
    const UsedBy processes =
        used_by("executor", kind, {ExecutorKind::kLocal, ExecutorKind::kSlurm});
    v.field("trial_time_limit_s", trial_time_limit_s,
            {.help = "kill a trial that runs longer, with status time_out; 0: no limit",
             .unit = "s",
             .min = 0.0,
             .max = 1e9},
            processes);
    v.field(
        "trial_checkpoint_s", trial_checkpoint_s,
        {.help =
             "interval at which a training writes a checkpoint, so that its next attempt can "
             "continue from there; it also writes one when it is asked to stop; 0: no checkpoints",
         .unit = "s",
         .min = 0.0,
         .max = 1e6},
        processes);
    v.field("gpus", gpus,
            {.help = "with accuracy.training.device cuda: the GPUs that the workers use in "
                     "rotation, as in CUDA_VISIBLE_DEVICES, such as [\"0\", \"2\"]; ~: all visible "
                     "GPUs; leave one out to measure latency on it undisturbed"},
            used_by("executor", kind, {ExecutorKind::kLocal}));
    v.field("checkpoint_batches", checkpoint_batches,
            {.help = "save the controller's state every so many batches, so that a resumed run "
                     "replays less; 0: never",
             .unit = "batches",
             .min = 0,
             .max = 1e6});
    v.field("preflight", preflight,
            {.help = "if no network in the space reaches the latency target, or the target is more "
                     "than twice the slowest network. stop: end the run before anything is spent; "
                     "warn: write a warning to the log"});
    v.field("dry_trial", dry_trial,
            {.help = "accuracy proxy: train one network for one epoch before the first trial to "
                     "estimate the cost of the search; its result is discarded; a resumed run uses "
                     "its recorded trials instead"});
    v.section("slurm", slurm, "resources to request per trial",
              used_by("executor", kind, {ExecutorKind::kSlurm}));
  }
};

}  // namespace ridgeline
