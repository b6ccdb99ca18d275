#pragma once

#include <vector>

#include "zoo/known_networks.h"

namespace ridgeline {

// One function per family; `known_networks` is their concatenation.
std::vector<KnownNetwork> efficientnets();
std::vector<KnownNetwork> inceptions();
std::vector<KnownNetwork> nasnets();

}  // namespace ridgeline
