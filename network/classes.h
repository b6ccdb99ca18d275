#pragma once

#include "network/network.h"

namespace ridgeline {

/// `network` with a last linear layer for `classes` classes. Throws `kConfig` where its last layer
/// with weights is not linear.
Network with_classes(const Network& network, int classes);

}  // namespace ridgeline
