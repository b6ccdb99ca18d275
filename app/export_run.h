#pragma once

#include <filesystem>
#include <vector>

#include "experiments/run_directory.h"
#include "export/bundle.h"

namespace ridgeline {

/// Writes the run's best network with its trained weights into `folder` and verifies every file.
/// Where the evaluator trains nothing, the weights are the initial ones, and a warning says so.
/// The normalization is the recorded one, whatever `options` says.
ExportReport export_run(RunDirectory& run, BundleOptions options,
                        const std::filesystem::path& folder);

}  // namespace ridgeline
