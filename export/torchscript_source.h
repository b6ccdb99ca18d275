#pragma once

#include <string>
#include <vector>

#include "network/network.h"

namespace ridgeline {

/// "a.b.weight" as its parts.
std::vector<std::string> split_dotted(const std::string& name);

/// The TorchScript source of `def forward(self, x)` that computes `network`: one assignment per
/// node, parameters reached by the nodes' dotted names below `self`. Spatial sizes are those of the
/// network, the number of images is free; `self.training` switches dropout, drop-connect and the
/// batch-norm statistics. With `normalizes` the input is first normalized by the
/// attributes `mean` and `std`. Throws `kConfig` for a node whose name holds a keyword of Python.
std::string torchscript_forward(const Network& network, bool normalizes = false);

}  // namespace ridgeline
