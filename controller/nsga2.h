#pragma once

#include <memory>
#include <vector>

#include "controller/controller.h"

namespace ridgeline {

/// NSGA-II (Deb et al. 2002) on accuracy and latency: it searches for the whole front and leaves
/// the reward unread. The population is the best `population` different genotypes told, by the
/// crowded comparison; every batch joins it and the best remain, so a generation is a batch. Until
/// it is full, proposals are uniform. Then a child's parents win tournaments of two; `crossover` is
/// uniform, and each decision mutates with probability `mutations` / decisions. Importance weights
/// do not matter to it. `update` throws `kInternal` where it is told no objectives, or one of a
/// complete trial that is not finite.
std::unique_ptr<Controller> make_nsga2(const ControllerConfig& config,
                                       const std::vector<Decision>& decisions);

}  // namespace ridgeline
