#include <iostream>

#include "app/commands.h"
#include "app/export_run.h"
#include "app/report.h"
#include "core/logging.h"
#include "experiments/store/facts.h"
#include "runtime/device.h"

namespace ridgeline {

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
  } else {
    throw Error(ErrorKind::kRun,
                run.best_weights().string() +
                    ": the best network is not trained yet; continue with: ridgeline resume " +
                    run.path().string());
  }
  if (const auto recorded = run.store().fact(kNormalizationFact)) {
    options.normalization = read_config<Normalization>(
        YamlView::parse(*recorded, run.path().string() + ": " + kNormalizationFact));
  }
  return export_bundle(architecture, weights, run.config().seed, options, folder);
}

void export_command(const ExportOptions& options) {
  RunDirectory run = RunDirectory::read(options.run);
  set_threads(1);
  std::cout << export_table(export_run(run,
                                       {.formats = export_formats_from_text(options.formats),
                                        .include_preprocessing = options.include_preprocessing},
                                       options.out));
}

}  // namespace ridgeline
