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
  ExecutorKind executor = ExecutorKind::kLocal;
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
    v.field("executor", executor,
            {.help = "local: one process per trial, a crash is one failed trial; in_process: no "
                     "processes, for tiny evaluators; slurm: jobs of a cluster"});
    v.field("workers", workers,
            {.help = "trials at a time of the local executor", .min = 1, .max = 4096});
    v.field("trial_time_limit_s", trial_time_limit_s,
            {.help = "a trial that runs longer is killed: status time_out; 0: no limit",
             .unit = "s",
             .min = 0.0,
             .max = 1e9});
    v.field("trial_checkpoint_s", trial_checkpoint_s,
            {.help = "a training keeps its state so often, and when it is asked to stop, so that a "
                     "further attempt goes on from there; 0: never, it starts over",
             .unit = "s",
             .min = 0.0,
             .max = 1e6});
    v.field(
        "gpus", gpus,
        {.help = "executor local, device cuda: the GPUs that the workers take in turn, as in "
                 "CUDA_VISIBLE_DEVICES: [\"0\", \"2\"]; ~: all that are visible; leave one out to "
                 "measure latency there undisturbed"});
    v.field("checkpoint_batches", checkpoint_batches,
            {.help = "the controller's state is kept every so many batches, so that a resumed run "
                     "need not replay all; 0: never",
             .unit = "batches",
             .min = 0,
             .max = 1e6});
    v.field("preflight", preflight,
            {.help = "a latency target that nothing in the space reaches, or twice its slowest: "
                     "stop: ends the run before anything is spent; warn: the log says it"});
    v.field("dry_trial", dry_trial,
            {.help = "accuracy proxy: a training of one epoch before the first trial, thrown away, "
                     "tells what the search will take; a resumed run tells it from its trials"});
    v.section("slurm", slurm, "what executor slurm asks of the cluster, per trial");
  }
};

}  // namespace ridgeline
