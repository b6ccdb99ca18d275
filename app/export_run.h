#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "accuracy/normalization.h"
#include "experiments/run_directory.h"
#include "export/bundle.h"

namespace ridgeline {

/// Of the images that the run's networks are given; none where nothing was trained.
std::optional<Normalization> recorded_normalization(RunDirectory& run);

/// Writes the run's best network with its trained weights into `folder`, and the architectures of
/// the other members of its family, whose weights are not kept, into folders of their own there.
/// Every file is verified. Where the evaluator trains nothing, the weights are the initial ones,
/// and a warning says so. Normalization and facts are the recorded ones, whatever `options` says.
ExportReport export_run(RunDirectory& run, BundleOptions options,
                        const std::filesystem::path& folder);

}  // namespace ridgeline
