#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "app/session.h"
#include "experiments/preflight.h"
#include "experiments/run_directory.h"

namespace ridgeline {

/// The whole walk: pre-flight, search, finalists, final training, LACS, export. What the run's
/// store already holds is not done again. Prints the summary to stdout.
void run_pipeline(RunDirectory& run);

/// The architecture of the run's winner (`winner_of`) under the name NAME-B0. Throws `kInfeasible`
/// when no trial is complete.
Architecture best_architecture(RunDirectory& run);

/// The pre-flight of every one of `config.targets()` whose oracle is given. Throws as
/// `check_target`.
std::vector<std::optional<Preflight>> check_targets(
    const CandidateBuilder& candidates, const ExperimentConfig& config,
    const std::vector<std::unique_ptr<LatencyOracle>>& oracles);

}  // namespace ridgeline
