#pragma once

#include <memory>
#include <vector>

#include "controller/controller.h"

namespace ridgeline {

/// REINFORCE (Williams 1992) or, by `config.kind`, PPO (Schulman et al. 2017) on the configured
/// policy, with an entropy bonus, the best networks learned again with every batch (Abolafia et al.
/// 2018), and a share of proposals near them. Adam, with the gradient clipped by L2 norm; the
/// advantage is `Advantages`'.
std::unique_ptr<Controller> make_reinforce(const ControllerConfig& config,
                                           const std::vector<Decision>& decisions, uint64_t seed);

}  // namespace ridgeline
