#pragma once

#include <vector>

#include "network/published/known_networks.h"

namespace ridgeline {

// One function per family; `known_networks` is their concatenation.
std::vector<KnownNetwork> efficientnets();
/// Activations of Table 1 for the target: tpu or gpu. The official code has ReLU in the stem and
/// swish in stages 4 and 5 on both.
std::vector<KnownNetwork> efficientnet_xs();
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
std::vector<KnownNetwork> vggs();
std::vector<KnownNetwork> densenets();

}  // namespace ridgeline
