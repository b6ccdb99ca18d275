#pragma once

#include <span>
#include <vector>

#include "controller/controller.h"

namespace ridgeline {

/// Throws `kConfig` naming the setting that is out of the range that its description gives.
void check_controller_config(const ControllerConfig& config);

/// Throws `kConfig` when there is nothing to decide, or naming a decision that has no choices or
/// whose condition looks at itself, at a later decision or at a choice that does not exist.
void check_decisions(const std::vector<Decision>& decisions);

/// Throws what `Controller::update` promises to throw for a batch that cannot be learned from.
void check_batch(const std::vector<Decision>& decisions, std::span<const Observation> batch);

}  // namespace ridgeline
