#pragma once

#include <string>
#include <vector>

#include "experiments/run_directory.h"
#include "export/bundle.h"
#include "scaling/compound.h"

namespace ridgeline {

/// What must be said wherever a search with `accuracy.kind: zero_cost` prints an accuracy.
inline constexpr const char* kZeroCostNote =
    "accuracy.kind is zero_cost: what is called accuracy is a score of the untrained network on a "
    "scale from 0 to 1 (0.5: the median network of the space), no share of images";

/// Trials as a table for terminals, in the order given.
std::string trial_table(const std::vector<Trial>& trials);

/// "alpha 1.2, beta 1.1, gamma 1.15"
std::string coefficients_text(const CompoundCoefficients& coefficients);

/// The front of accuracy and latency over `trials` trials, by rising latency; `most`: so many rows,
/// spread evenly with both ends, or all for 0.
std::string front_table(const std::vector<Trial>& front, size_t trials, size_t most = 0);

/// State, counts by status, best network, front, final accuracy and family of a run.
std::string run_summary(RunDirectory& run);

/// Files, sizes and largest differences after reloading.
std::string export_table(const ExportReport& report);

}  // namespace ridgeline
