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
std::vector<KnownNetwork> resnets();  ///< with the D and wide forms
std::vector<KnownNetwork> resnexts();
std::vector<KnownNetwork> seresnets();  ///< SE-ResNet and SE-ResNeXt
std::vector<KnownNetwork> resnests();
std::vector<KnownNetwork> regnetxs();
std::vector<KnownNetwork> regnetys();

}  // namespace ridgeline
