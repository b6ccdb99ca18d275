#pragma once

#include <vector>

#include "runtime/network_module.h"
#include "search_space/architecture.h"

namespace ridgeline::test {

/// EfficientNet-B0 or EfficientNet-X-B0 of configs/architectures at a small resolution with 10
/// classes.
Architecture small_b0(const std::string& file);

/// Hand-built networks that together hold every operator, every way of padding and both sides of
/// every flag.
std::vector<Network> operator_zoo();

/// The network's module, in evaluation mode, with batch-norm statistics and biases that are not the
/// trivial initial ones, so that a forgotten one shows in the outputs.
NetworkModule stirred(const Network& network, uint64_t seed);

/// A batch drawn from `seed` in the network's input shape.
torch::Tensor random_images(const Network& network, int64_t images, uint64_t seed);

}  // namespace ridgeline::test
