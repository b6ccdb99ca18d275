#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "accuracy/config.h"
#include "controller/controller.h"
#include "core/config.h"
#include "experiments/failures.h"
#include "experiments/slurm_config.h"
#include "export/format.h"
#include "latency/config.h"
#include "reward/reward.h"
#include "scaling/lacs.h"
#include "search_space/search_space.h"

namespace ridgeline {

enum class SearchMode { kSynchronous, kAsynchronous };
template <>
struct EnumNames<SearchMode> {
  static constexpr std::array<std::pair<SearchMode, const char*>, 2> values{
      {{SearchMode::kSynchronous, "synchronous"}, {SearchMode::kAsynchronous, "asynchronous"}}};
};

/// What becomes of a network that was proposed before.
enum class DuplicatePolicy { kReuse, kResample, kMeasureAgain };
template <>
struct EnumNames<DuplicatePolicy> {
  static constexpr std::array<std::pair<DuplicatePolicy, const char*>, 3> values{
      {{DuplicatePolicy::kReuse, "reuse"},
       {DuplicatePolicy::kResample, "resample"},
       {DuplicatePolicy::kMeasureAgain, "measure_again"}}};
};

struct SearchConfig {
  SearchMode mode = SearchMode::kSynchronous;
  int trials = 48;
  int batch = 8;
  DuplicatePolicy duplicates = DuplicatePolicy::kReuse;
  std::optional<std::vector<std::string>> warm_start;
  int stop_without_improvement = 0;
  double stop_entropy = 0;
  std::string stop_after;
  double importance_clip = 2.0;
  double max_latency_ratio = 4.0;
  std::optional<double> failure_reward = {};
  int max_failures_in_a_row = 20;

  template <class V>
  void describe(V& v) {
    v.field("mode", mode,
            {.help = "synchronous: batch by batch, the same trials on any machine; asynchronous: "
                     "no worker waits, and results depend on the order of arrival"});
    v.field("trials", trials,
            {.help = "networks to propose, duplicates included", .min = 1, .max = 999999});
    v.field("batch", batch,
            {.help = "proposals per controller update (NASNet: 20)", .min = 1, .max = 100000});
    v.field("duplicates", duplicates,
            {.help = "a network proposed before: reuse: not trained again, the controller is told "
                     "its known reward once more; resample: drawn again up to 100 times, so that "
                     "the controller learns from new networks only, then reused; measure_again: "
                     "trained again with other random numbers, and the controller is told each "
                     "reward: for noisy trials, with controller.redraws: 0"});
    v.field(
        "warm_start", warm_start,
        {.help = "list of architecture files of the space that are proposed first, whatever the "
                 "controller would propose; it learns from them as from its own"});
    v.field("stop_without_improvement", stop_without_improvement,
            {.help = "so many trials without a better reward end the search; 0: never",
             .unit = "trials",
             .min = 0,
             .max = 1e6});
    v.field("stop_entropy", stop_entropy,
            {.help = "controllers with a policy: an update that finds a mean entropy "
                     "per sample below this ends the search; 0: never",
             .unit = "nats",
             .min = 0.0,
             .max = 1e6});
    v.field("stop_after", stop_after,
            {.help = "ends the search once it has run so long, such as 90m, 8h or 2d: time that a "
                     "process was searching, over all resumes; what is running is awaited; empty: "
                     "never"});
    v.field("importance_clip", importance_clip,
            {.help = "asynchronous: a sample counts p_now / p_then times in the update, at most so "
                     "often; a rare sample of an old policy must not outweigh a batch",
             .min = 1.0,
             .max = 1e6});
    v.field("max_latency_ratio", max_latency_ratio,
            {.help = "a network slower than this times the target is not trained: status "
                     "infeasible; 0: train all",
             .min = 0.0,
             .max = 1e9});
    v.field("failure_reward", failure_reward,
            {.help = "what the controller is told for a failed or infeasible trial; ~: the reward "
                     "of accuracy 0 at max_latency_ratio times the target, 0 for the MnasNet "
                     "forms; -1 for a constraint, which grades infeasible ones by their excess",
             .min = -100.0,
             .max = 1.0});
    v.field(
        "max_failures_in_a_row", max_failures_in_a_row,
        {.help = "so many failed trainings one after another stop the run", .min = 1, .max = 1e6});
  }
};

struct FinalTrainingConfig {
  int epochs = 15;

  template <class V>
  void describe(V& v) {
    v.field("epochs", epochs,
            {.help = "training of the best network, on training and validation images, scored on "
                     "the test images; "
                     "its weights are exported; 0: as in the trials",
             .unit = "epochs",
             .min = 0,
             .max = 100000});
  }
};

struct ExportConfig {
  std::vector<ExportFormat> formats = {ExportFormat::kYaml, ExportFormat::kTorchScript};

  template <class V>
  void describe(V& v) {
    v.field("formats", formats, {.help = "files written for the best network: yaml, torchscript"});
  }
};

enum class ExecutorKind { kLocal, kInProcess, kSlurm };
template <>
struct EnumNames<ExecutorKind> {
  static constexpr std::array<std::pair<ExecutorKind, const char*>, 3> values{
      {{ExecutorKind::kLocal, "local"},
       {ExecutorKind::kInProcess, "in_process"},
       {ExecutorKind::kSlurm, "slurm"}}};
};

/// A further accelerator that the networks are also made for.
struct AcceleratorConfig {
  std::string name;
  double target_ms = 10.0;
  LatencyConfig latency;

  template <class V>
  void describe(V& v) {
    v.field("name", name, {.help = "in tables and messages: letters, digits, _ . and -"});
    v.field("target_ms", target_ms,
            {.help = "latency target on it", .unit = "ms", .min = 1e-6, .max = 1e9});
    latency.describe(v);
  }
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
    v.field("gpus", gpus,
            {.help = "executor local, device cuda: the GPUs that the workers take in turn, as in "
                     "CUDA_VISIBLE_DEVICES: [\"0\", \"2\"]; ~: all that are visible"});
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

/// One experiment, fully resolved. `describe` covers all keys but `space`, which is a file name or
/// an inline map.
struct ExperimentConfig {
  std::string name = "experiment";
  uint32_t seed = 1;
  SearchConfig search;
  FailureConfig failures;
  ControllerConfig controller;
  LatencyConfig latency;
  RewardConfig reward;
  std::optional<std::vector<AcceleratorConfig>> accelerators = {};
  AccuracyConfig accuracy;
  LacsConfig scaling;
  FinalTrainingConfig final_training;
  ExportConfig export_;
  RuntimeConfig runtime;
  YAML::Node space;  ///< the space's map, with its lists

  template <class V>
  void describe(V& v) {
    v.field("name", name, {.help = "names the run folder: runs/NAME"});
    v.field(
        "seed", seed,
        {.help = "with the rest of this file it fixes every trial", .min = 0, .max = 4294967295.0});
    v.section("search", search, "the search loop");
    v.section("failures", failures, "what becomes of trials that fail");
    v.section("controller", controller, "what proposes networks");
    v.section("latency", latency, "the latency oracle");
    v.section("reward", reward, "the objective: accuracy (a fraction) against latency");
    v.field(
        "accelerators", accelerators,
        {.help = "further accelerators with targets of their own, see reward.combine: a list of "
                 "{name: tpu, target_ms: 8, hardware: tpu_v3, batch: 128}, each with the keys "
                 "of `latency` besides its name and target"});
    v.section("accuracy", accuracy, "the accuracy evaluator");
    v.section("scaling", scaling,
              "LACS: latency-aware compound scaling of the best network into a family");
    v.section("final_training", final_training, "the best network, trained longer");
    v.section("export", export_, "what is written for the best network");
    v.section("runtime", runtime,
              "where and how wide it runs; never changes a result, so resume may change it");
  }

  /// `accelerators`, or none.
  const std::vector<AcceleratorConfig>& further() const;
  SearchSpace search_space() const;
  /// Everything, the space inline, as YAML that `load_experiment` reads back.
  std::string resolved() const;
  /// Identity of all that can change a result: `resolved` without `name` and `runtime`.
  std::string result_identity() const;
};

/// A YAML file with `--set key=value` changes on top. Relative data paths become absolute, the
/// space is read in. Throws `kConfig` or `kUsage` with file:line:column and what would be valid.
ExperimentConfig load_experiment(const std::filesystem::path& path,
                                 const std::vector<std::string>& settings = {});

/// The annotated reference: every key with meaning, default, range and unit.
std::string reference_config();

}  // namespace ridgeline
