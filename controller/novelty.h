#pragma once

#include <memory>

#include "controller/controller.h"

namespace ridgeline {

/// Draws proposals of `inner` again that it was told of before, or that stand twice in one call,
/// each up to `redraws` times; what then is still known is proposed. A small space has less than a
/// policy's many proposals to offer, and a repeat teaches nothing that is not known.
std::unique_ptr<Controller> make_novel(std::unique_ptr<Controller> inner, ControllerKind kind,
                                       const std::vector<Decision>& decisions, int redraws);

}  // namespace ridgeline
