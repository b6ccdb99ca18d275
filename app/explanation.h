#pragma once

#include <string>
#include <vector>

#include "experiments/analysis/effects.h"
#include "experiments/analysis/policy_history.h"
#include "experiments/run_directory.h"

namespace ridgeline {

/// Why a run came to its winner.
struct Explanation {
  std::string run;
  std::vector<Decision> decisions;
  size_t trials = 0;
  std::optional<Trial> winner;  ///< highest reward; none when no trial is complete
  Genotype winning;             ///< of the winner
  std::vector<DecisionEffect> effects;
  std::vector<PolicyMoment> policy;  ///< over time
  std::vector<FailureGroup> failures;
  std::vector<AttemptCount> attempts;
};

/// Reads the run's trials and replays them through its controller.
Explanation explain_run(RunDirectory& run);

/// For people: the winner's choices by how much they decide, every choice's figures, failures.
std::string explanation_text(const Explanation& why);
/// Everything, as JSON; what is not known is null.
std::string explanation_json(const Explanation& why);

}  // namespace ridgeline
