#pragma once

#include <string>
#include <vector>

#include "surrogate/fit.h"

namespace ridgeline {

/// The trained networks of the searches of some runs; repeats, and trials without an accuracy of
/// their own, are skipped and counted. The runs must share the space and what decides an accuracy.
/// Throws `kData` naming two runs that do not, `kRun` as `RunDirectory::read`.
SurrogateData read_run_rows(const std::vector<std::string>& runs);

}  // namespace ridgeline
