#pragma once

#include <string>

#include "experiments/run_directory.h"

namespace ridgeline {

/// What `search.early_stopping` stopped and saved, and how ranks at its rungs agree with the final
/// ones; empty where it is off.
std::string early_stopping_text(RunDirectory& run);

/// The finalists' figures beside those of the search, and how their ranks agree; empty where there
/// are none.
std::string finalists_text(RunDirectory& run);

}  // namespace ridgeline
