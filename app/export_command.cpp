#include <algorithm>
#include <iostream>
#include <tuple>

#include "app/export_run.h"
#include "app/held_out.h"
#include "app/network_commands.h"
#include "app/pipeline.h"
#include "app/report.h"
#include "app/training_folder.h"
#include "app/trial_report.h"
#include "core/logging.h"
#include "core/units.h"
#include "experiments/finalists.h"
#include "experiments/store/facts.h"
#include "export/verify.h"
#include "runtime/device.h"

namespace ridgeline {
namespace {

bool trains(const RunDirectory& run) { return trains(run.config().accuracy.kind); }

std::string data_text(const RunDirectory& run) {
  const ExperimentConfig& config = run.config();
  if (config.accuracy.kind == AccuracyKind::kCommand)
    return "Chosen by the training program `" + join(*config.accuracy.command, " ") + "`.";
  if (!trains_on_data(config.accuracy.kind))
    return "None: accuracy.kind " + enum_name(config.accuracy.kind) +
           " trains nothing; the weights are "
           "random.";
  const DataConfig& data = config.accuracy.data;
  return "Images of the kind " + enum_name(data.kind) +
         (data.path.empty() ? "" : " (" + data.path + ")") + ".";
}

/// How a latency comes about, also where its device is not here.
std::string method_of(const LatencyConfig& latency) {
  try {
    return oracle_of(latency)->description();
  } catch (const Error&) {
    return enum_name(latency.kind);
  }
}

/// What the run predicted or measured for a trial, on every accelerator.
std::vector<LatencyFact> latencies_of(const RunDirectory& run, const Trial& trial) {
  std::vector<LatencyFact> facts;
  const auto targets = run.config().targets();
  for (size_t i = 0; i < std::min(targets.size(), trial.latencies.size()); ++i) {
    const auto& [name, target_ms, latency] = targets[i];
    const std::string device = latency.kind == LatencyKind::kRoofline ? latency.hardware
                               : name.empty()                         ? "the accelerator"
                                                                      : name;
    facts.push_back({device, trial.latencies[i].ms, method_of(latency), target_ms});
  }
  return facts;
}

/// On one core of this machine: what every reader can compare with their own.
LatencyFact measured_here(const Architecture& architecture) {
  LatencyConfig config;
  config.kind = LatencyKind::kMeasured;
  config.timing.time_limit_s = 2;
  const Latency latency = oracle_of(config)->estimate(lower(architecture));
  return {latency.device, latency.ms,
          "measured in LibTorch when exported, one image, " + enum_name(latency.precision)};
}

bool tells_facts(const std::vector<ExportFormat>& formats) {
  return std::any_of(formats.begin(), formats.end(), [](ExportFormat format) {
    return format == ExportFormat::kSummary || format == ExportFormat::kCard;
  });
}

/// What the run knows of one of its trials.
NetworkFacts facts_of(RunDirectory& run, const Trial& trial) {
  const ExperimentConfig& config = run.config();
  return {.found = "Trial " + std::to_string(trial.id) + " of a search of " +
                   std::to_string(config.search.trials) + " trials (run " + config.name +
                   ", controller " + enum_name(config.controller.kind) +
                   ") by Ridgeline " RIDGELINE_VERSION ".",
          .data = data_text(run),
          .latencies = latencies_of(run, trial)};
}

/// The files of the family's members, of each accelerator's where there are several families: B2
/// before B10.
std::vector<std::filesystem::path> family_files(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  if (!std::filesystem::is_directory(folder)) return files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() == ".yaml") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) {
    const auto key = [](const std::filesystem::path& path) {
      const std::string name = path.filename().string();
      return std::tuple(path.parent_path(), name.size(), name);
    };
    return key(a) < key(b);
  });
  return files;
}

/// The members of the family besides the best network: architectures alone, since their weights are
/// not kept.
void export_family(RunDirectory& run, const BundleOptions& best,
                   const std::filesystem::path& folder, ExportReport& report) {
  const Architecture base = load_architecture(run.best_architecture());
  for (const auto& file : family_files(run.family_folder())) {
    const Architecture member = load_architecture(file);
    if (member == base) continue;
    const auto place = file.lexically_relative(run.family_folder()).replace_extension();
    BundleOptions options = best;
    options.facts = {.found = "Member " + place.string() +
                              " of the family that compound scaling made of the best network. " +
                              best.facts.found,
                     .data = best.facts.data,
                     .trained = false};
    const ExportReport exported =
        export_bundle(member, {}, run.config().seed, options, folder / place);
    report.files.insert(report.files.end(), exported.files.begin(), exported.files.end());
  }
}

}  // namespace

std::optional<Normalization> recorded_normalization(RunDirectory& run) {
  const auto recorded = run.store().fact(kNormalizationFact);
  if (!recorded) return std::nullopt;
  return read_config<Normalization>(
      YamlView::parse(*recorded, run.path().string() + ": " + kNormalizationFact));
}

ExportReport export_run(RunDirectory& run, BundleOptions options,
                        const std::filesystem::path& folder) {
  if (!std::filesystem::exists(run.best_architecture())) {
    throw Error(ErrorKind::kRun, run.path().string() +
                                     ": the search has not come to its best network yet; " +
                                     "continue it with: ridgeline resume " + run.path().string());
  }
  const Architecture architecture = load_architecture(run.best_architecture());
  if (architecture.is_plain()) return export_decisions(architecture, options.formats, folder);
  std::filesystem::path weights;
  if (std::filesystem::exists(run.best_weights())) {
    weights = run.best_weights();
  } else if (!trains(run)) {
    spdlog::warn("accuracy.kind {} trains nothing: the exported weights are random",
                 enum_name(run.config().accuracy.kind));
  } else if (run.config().accuracy.kind == AccuracyKind::kCommand) {
    spdlog::warn("accuracy.command left no weights: the exported weights are random");
  } else {
    throw Error(ErrorKind::kRun,
                run.best_weights().string() +
                    ": the best network is not trained yet; continue with: ridgeline resume " +
                    run.path().string());
  }
  options.input.normalization = recorded_normalization(run);
  if (const auto winner = winner_of(run.store())) {
    Trial best = winner->trial;
    best.latencies = winner->latencies();
    options.facts = facts_of(run, best);
  }
  const auto finals = run.store().trials(Phase::kFinal, /*architectures=*/false);
  if (!finals.empty() && trains(run)) {
    options.facts.accuracy = finals[0].accuracy;
    options.facts.accuracy_of = run.config().accuracy.kind == AccuracyKind::kCommand
                                    ? "the images of the training program, after the final training"
                                    : "the test images, after the final training";
  }
  if (trains_on_data(run.config().accuracy.kind) && options.input.normalization) {
    const Normalization normalization =
        for_channels(*options.input.normalization, architecture.input_channels);
    options.held_out =
        held_out_score(run.config().accuracy.data, {architecture, weights, normalization});
    if (options.held_out && options.facts.accuracy && options.held_out->images < kMostHeldOutImages)
      options.facts.accuracy_images = options.held_out->images;
  }
  if (tells_facts(options.formats)) options.facts.latencies.push_back(measured_here(architecture));
  ExportReport report = export_bundle(architecture, weights, run.config().seed, options, folder);
  export_family(run, options, folder, report);
  return report;
}

namespace {

/// The network of one trial. A search keeps no weights of its trials.
ExportReport export_trial(RunDirectory& run, const ExportOptions& options, BundleOptions bundle) {
  const auto trial = run.store().find(static_cast<uint64_t>(options.trial));
  if (!trial) throw Error(ErrorKind::kUsage, no_such_trial(run, options.trial));
  Architecture architecture = trial->architecture;
  architecture.name = run.config().name + "-trial-" + std::to_string(options.trial);
  if (architecture.is_plain()) return export_decisions(architecture, bundle.formats, options.out);
  spdlog::warn("a search keeps no weights of its trials: the exported weights are random");
  bundle.input.normalization = recorded_normalization(run);
  bundle.facts = facts_of(run, *trial);
  bundle.facts.data = "None: a search keeps no weights of its trials; the weights are random.";
  return export_bundle(architecture, {}, run.config().seed, bundle, options.out);
}

}  // namespace

namespace {

/// The formats of a training's export where none are asked for.
const std::vector<ExportFormat> kTrainingFormats = {ExportFormat::kYaml, ExportFormat::kTorchScript,
                                                    ExportFormat::kPyTorch};

ExportReport export_training(const ExportOptions& options) {
  if (options.trial >= 0)
    throw Error(ErrorKind::kUsage,
                "export: --trial is for a run; " + options.run + " is the folder of a training");
  return TrainingFolder::read(options.run)
      .export_to(options.out,
                 {.formats = options.formats.empty() ? kTrainingFormats
                                                     : export_formats_from_text(options.formats),
                  .input = {.include_preprocessing = options.include_preprocessing}});
}

}  // namespace

void export_command(const ExportOptions& options) {
  if (TrainingFolder::is_one(options.run)) {
    set_threads(1);
    std::cout << export_table(export_training(options));
    return;
  }
  RunDirectory run = RunDirectory::read(options.run);
  set_threads(1);
  const BundleOptions bundle{.formats = options.formats.empty()
                                            ? run.config().export_.formats
                                            : export_formats_from_text(options.formats),
                             .input = {.include_preprocessing = options.include_preprocessing}};
  std::cout << export_table(options.trial >= 0 ? export_trial(run, options, bundle)
                                               : export_run(run, bundle, options.out));
}

void verify_command(const std::vector<std::string>& files) {
  set_threads(1);
  TextTable table{{"file", "largest difference", "checked by"}, {}};
  std::vector<std::string> unchecked;
  for (const std::string& file : files) {
    const FileCheck check = check_file(std::filesystem::path(file));
    const bool was_checked = check.missing.empty();
    if (!was_checked) unchecked.push_back(file + ": " + check.missing);
    table.rows.push_back({file, was_checked ? ConfigWriter::plain_number(check.difference) : "-",
                          was_checked ? check.program : "not checked"});
  }
  std::cout << table.str();
  if (!unchecked.empty())
    throw Error(ErrorKind::kUnchecked, "not checked: " + join(unchecked, "; "));
}

}  // namespace ridgeline
