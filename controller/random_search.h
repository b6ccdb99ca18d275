#pragma once

#include <memory>
#include <vector>

#include "controller/controller.h"

namespace ridgeline {

/// Uniform choices, nothing learned: the baseline that every search is judged against.
std::unique_ptr<Controller> make_random_search(const std::vector<Decision>& decisions);

}  // namespace ridgeline
