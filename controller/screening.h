#pragma once

#include <memory>
#include <vector>

#include "controller/controller.h"

namespace ridgeline {

/// Decides `screening: ~`: draws are screened where a trial costs more than a fit of the predictor
/// does, and by controllers that want a high reward (not by random search, the baseline, nor by
/// nsga2, which wants a front), unless they are to propose as they draw (`redraws: 0`).
void settle_screening(bool free_trials, ControllerConfig& config);

/// `inner`, but each proposal is that of `candidates` >= 2 draws which a `RewardPredictor` fitted
/// to the rewards told expects the most of. Learns of all that is told; the predictor remembers the
/// best and the latest. `log_probabilities` and `marginals` are those of `inner`: of a draw, not of
/// a proposal.
std::unique_ptr<Controller> make_screened(std::unique_ptr<Controller> inner, ControllerKind kind,
                                          const std::vector<Decision>& decisions, int candidates);

}  // namespace ridgeline
