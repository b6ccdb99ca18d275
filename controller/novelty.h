#pragma once

#include <memory>

#include "controller/controller.h"

namespace ridgeline {

/// Draws proposals of `inner` again that it was told of before, that are pending, or that stand
/// twice in one call, each up to `redraws` times; what then is still known is mutated, step by
/// step, up to as often: a policy that has settled searches around what it settled on. A repeat
/// teaches nothing new.
std::unique_ptr<Controller> make_novel(std::unique_ptr<Controller> inner, ControllerKind kind,
                                       const std::vector<Decision>& decisions, int redraws);

}  // namespace ridgeline
