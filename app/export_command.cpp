#include <iostream>

#include "app/commands.h"
#include "app/export_run.h"
#include "app/report.h"
#include "app/trial_report.h"
#include "core/logging.h"
#include "experiments/store/facts.h"
#include "runtime/device.h"

namespace ridgeline {
namespace {

/// None where nothing was trained.
std::optional<Normalization> recorded_normalization(RunDirectory& run) {
  const auto recorded = run.store().fact(kNormalizationFact);
  if (!recorded) return std::nullopt;
  return read_config<Normalization>(
      YamlView::parse(*recorded, run.path().string() + ": " + kNormalizationFact));
}

}  // namespace

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
  } else if (run.config().accuracy.kind == AccuracyKind::kFormula) {
    spdlog::warn("accuracy.kind formula trains nothing: the exported weights are random");
  } else if (run.config().accuracy.kind == AccuracyKind::kCommand) {
    spdlog::warn("accuracy.command left no weights: the exported weights are random");
  } else {
    throw Error(ErrorKind::kRun,
                run.best_weights().string() +
                    ": the best network is not trained yet; continue with: ridgeline resume " +
                    run.path().string());
  }
  options.normalization = recorded_normalization(run);
  return export_bundle(architecture, weights, run.config().seed, options, folder);
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
  bundle.normalization = recorded_normalization(run);
  return export_bundle(architecture, {}, run.config().seed, bundle, options.out);
}

}  // namespace

void export_command(const ExportOptions& options) {
  RunDirectory run = RunDirectory::read(options.run);
  set_threads(1);
  const BundleOptions bundle{.formats = options.formats.empty()
                                            ? run.config().export_.formats
                                            : export_formats_from_text(options.formats),
                             .include_preprocessing = options.include_preprocessing};
  std::cout << export_table(options.trial >= 0 ? export_trial(run, options, bundle)
                                               : export_run(run, bundle, options.out));
}

}  // namespace ridgeline
