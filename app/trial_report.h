#pragma once

#include <string>

#include "experiments/run_directory.h"

namespace ridgeline {

/// All that the store knows of one trial: its figures, every attempt with host, cause and the end
/// of its log, and the learning curves. Throws `kUsage` for an id that the run has not proposed.
std::string trial_report(RunDirectory& run, uint64_t id);

/// The message for such an id.
std::string no_such_trial(RunDirectory& run, uint64_t id);

}  // namespace ridgeline
