#pragma once

#include <vector>

#include "zoo/known_networks.h"

namespace ridgeline {

// One function per family; `known_networks` is their concatenation.
std::vector<KnownNetwork> efficientnets();
std::vector<KnownNetwork> efficientnets_v2();
std::vector<KnownNetwork> inceptions();
std::vector<KnownNetwork> mnasnets();
std::vector<KnownNetwork> mobilenets();
std::vector<KnownNetwork> nasnets();

}  // namespace ridgeline
