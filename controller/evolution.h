#pragma once

#include <memory>
#include <vector>

#include "controller/controller.h"

namespace ridgeline {

/// Regularised evolution (Real et al. 2019, Algorithm 1). The population is the last
/// `population` observed genotypes, the oldest dying first; until it is full, proposals are
/// uniform. Then each proposal is a child of the best of `tournament` members drawn with
/// replacement: one of the parent's active decisions takes another choice, what that makes
/// meaningful is drawn uniformly. Importance weights and batch size do not matter to it.
std::unique_ptr<Controller> make_evolution(const ControllerConfig& config,
                                           const std::vector<Decision>& decisions);

}  // namespace ridgeline
