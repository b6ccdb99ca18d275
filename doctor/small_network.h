#pragma once

#include "network/network.h"

namespace ridgeline {

/// A network of 16 x 16 images to 4 classes with the operators of the search space: convolution,
/// depthwise convolution, squeeze-and-excite, pool, linear layer.
Network small_network();

}  // namespace ridgeline
