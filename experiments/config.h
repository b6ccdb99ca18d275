#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "accuracy/config.h"
#include "controller/controller.h"
#include "core/config.h"
#include "experiments/failures.h"
#include "experiments/runtime_config.h"
#include "experiments/search_config.h"
#include "export/format.h"
#include "latency/config.h"
#include "reward/reward.h"
#include "scaling/lacs.h"
#include "search_space/search_space.h"

namespace ridgeline {

struct FinalTrainingConfig {
  int epochs = 15;
  int finalists = 1;

  template <class V>
  void describe(V& v) {
    v.field(
        "epochs", epochs,
        {.help =
             "epochs of the final training of the best network, on training and validation images, "
             "scored on the test images; its weights are exported; 0: as many as in the trials",
         .unit = "epochs",
         .min = 0,
         .max = 100000});
    v.field("finalists", finalists,
            {.help = "before the final training, train this many of the best networks for `epochs` "
                     "on training images, score them on validation images and measure their "
                     "latency again; the best of them is the winner; 1: the search's best is",
             .unit = "networks",
             .min = 1,
             .max = 10000});
  }
};

struct ExportConfig {
  std::vector<ExportFormat> formats = {ExportFormat::kYaml, ExportFormat::kTorchScript};

  template <class V>
  void describe(V& v) {
    v.field(
        "formats", formats,
        {.help = "formats to write, each loaded back and compared (docs/file_formats.md says which "
                 "files): onnx needs libonnx when Ridgeline is built"});
  }
};

/// An accelerator that the networks are made for, and the latency that is wanted there.
struct AcceleratorConfig {
  std::string name;
  double target_ms = 0;  ///< must be given: no latency is a start for every accelerator
  LatencyConfig latency;

  template <class V>
  void describe(V& v) {
    v.field("name", name, {.help = "name in tables and messages: letters, digits, _ . and -"});
    v.field("target_ms", target_ms,
            {.help = "latency target on this accelerator",
             .unit = "ms",
             .min = kShortestTargetMs,
             .max = kLongestTargetMs});
    latency.describe(v);
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
  /// Where a dotted key stands ("e.yaml:2:8: seed"); empty for one that the file leaves out. Null
  /// for an experiment that was read from no file.
  std::function<std::string(const std::string& key)> place_of = {};

  template <class V>
  void describe(V& v) {
    v.field("name", name, {.help = "names the run folder: runs/NAME"});
    v.field("seed", seed,
            {.help = "random seed; it and the rest of this file (except runtime) determine every "
                     "trial of a synchronous search",
             .min = 0,
             .max = 4294967295.0});
    v.section("search", search, "the search loop");
    v.section("failures", failures, "what happens when a trial fails");
    v.section("controller", controller, "the search algorithm, which proposes networks");
    v.section("latency", latency, "how the latency of a network is found");
    v.section("reward", reward, "the objective: accuracy (a fraction) against latency");
    v.field("accelerators", accelerators,
            {.help = "additional accelerators, each with its own target (see reward.combine): a "
                     "list such as {name: tpu, target_ms: 8, hardware: tpu_v3, batch: 128}; name "
                     "and target_ms are required, the other keys are those of `latency`"});
    v.section("accuracy", accuracy, "how the accuracy of a network is found");
    v.section("scaling", scaling,
              "LACS: latency-aware compound scaling of the best network into a family");
    v.section("final_training", final_training, "longer training of the best network",
              used_by("accuracy.kind", accuracy.kind,
                      {AccuracyKind::kProxy, AccuracyKind::kSupernet, AccuracyKind::kCommand}));
    v.section("export", export_, "files written for the best network");
    v.section("runtime", runtime,
              "where trials run and with how many workers; changes no result, so you can change it "
              "when you resume");
  }

  /// All latency targets: `latency` with `reward.target_ms` first, without a name; then
  /// `accelerators`.
  std::vector<AcceleratorConfig> targets() const;
  /// Changes them; as many, in the same order.
  void set_targets(const std::vector<AcceleratorConfig>& targets);
  SearchSpace search_space() const;
  /// `runtime.executor`, with what `~` stands for here: what trains no network
  /// needs no process.
  ExecutorKind executor() const;
  /// `controller`, with what `screening: ~` stands for here.
  ControllerConfig search_controller() const;
  /// All keys that the chosen kinds use, the space inline, as YAML that `load_experiment` reads
  /// back.
  std::string resolved() const;
  /// Identity of all that can change a result: `resolved` without `name` and `runtime`.
  std::string result_identity() const;
};

/// A YAML file with `--set key=value` changes on top. Relative data paths become absolute, the
/// space is read in. Throws `kConfig` or `kUsage` with file:line:column and what would be valid. A
/// key that the chosen kind does not use has no effect: a warning, or with `strict` an error.
ExperimentConfig load_experiment(const std::filesystem::path& path,
                                 const std::vector<std::string>& settings = {},
                                 bool strict = false);

/// Where the oracle of a target, by its place in `targets`, stands: "latency", "accelerators[0]".
std::string oracle_key(size_t target);
/// And its latency: "reward.target_ms", "accelerators[0].target_ms".
std::string target_key(size_t target);

/// The annotated reference: every key with meaning, default, range and unit.
std::string reference_config();

}  // namespace ridgeline
