#pragma once

#include <memory>
#include <vector>

#include "controller/controller.h"

namespace ridgeline {

/// NSGA-II (Deb et al. 2002) on accuracy and latency: it searches for the whole front and ignores
/// the reward. The population is the best `population` different genotypes observed, by the
/// crowded comparison; every batch joins it and the best remain, so a generation is a batch. Until
/// it is full, proposals are uniform. Then a child's parents win tournaments of two; `crossover` is
/// uniform, and each decision mutates with probability `mutations` / decisions. It ignores
/// importance weights. `update` throws `kInternal` for an observation without objectives, or a
/// complete one whose objectives are not finite.
std::unique_ptr<Controller> make_nsga2(const ControllerConfig& config,
                                       const std::vector<Decision>& decisions);

}  // namespace ridgeline
