#pragma once

#include <memory>
#include <vector>

#include "controller/controller.h"

namespace ridgeline {

/// Makes the configured controller over `decisions` (copied). `seed` fixes the initial weights.
/// Throws `kConfig` for a setting out of its range, no decisions, or a decision without choices.
std::unique_ptr<Controller> make_controller(const ControllerConfig& config,
                                            const std::vector<Decision>& decisions, uint64_t seed);

}  // namespace ridgeline
