#pragma once

#include <memory>
#include <vector>

#include "controller/controller.h"

namespace ridgeline {

/// REINFORCE (Williams 1992) on the LSTM policy, as NASNet and ENAS use it. The advantage of a
/// sample is its reward less an exponential moving average of earlier batches' mean rewards; the
/// first batch is compared with its own mean, which also starts the average. Adam, with the
/// gradient clipped by L2 norm; a batch above 128 goes through in chunks of that size, whose
/// gradients are added, so that memory stays bounded. Computes on one thread whatever the process's
/// setting, so that the result does not depend on it.
std::unique_ptr<Controller> make_reinforce(const ControllerConfig& config,
                                           const std::vector<Decision>& decisions, uint64_t seed);

}  // namespace ridgeline
