#pragma once

#include <memory>
#include <vector>

#include "controller/novelty.h"

namespace ridgeline {

/// Decides `screening: ~`: draws are screened where a trial costs more than a fit of the predictor
/// does, and by controllers that want a high reward (not by random search, the baseline, nor by
/// nsga2, which wants a front), unless they are to propose as they draw (`redraws: 0`).
void choose_screening(bool free_trials, ControllerConfig& config);

/// `inner`, but proposals are those of `candidates` >= 2 times as many genotypes of which a
/// `RewardPredictor` fitted to the observed trials expects the largest improvement. A quarter of
/// the candidates are drawn by `inner`, the others are mutations of the best trials; none is known.
/// Of a batch, each choice counts as tried for those after it, and so do pending proposals. Every
/// other proposal is chosen among 16 of the candidates only, which keeps the search from
/// believing its predictor alone. Every observation counts; the predictor remembers the best and
/// the latest. `log_probabilities` and `marginals` are those of `inner`: of a draw, not of a
/// proposal.
std::unique_ptr<Controller> make_screened(std::unique_ptr<Novel> inner, ControllerKind kind,
                                          const std::vector<Decision>& decisions, int candidates);

}  // namespace ridgeline
