#pragma once

#include <string>
#include <vector>

#include "network/network.h"

namespace ridgeline {

/// A word of the language, such as "class".
bool is_python_keyword(const std::string& word);

/// "a.b.weight" as its parts.
std::vector<std::string> split_dotted(const std::string& name);

struct ForwardOptions {
  bool normalizes = false;  ///< the input, by the attributes `mean` and `std`
  bool bf16 = false;        ///< between the input and the output
};

/// The TorchScript source of `def forward(self, x)` that computes `network`: one assignment per
/// node, parameters reached by the nodes' dotted names below `self`. Spatial sizes are those of the
/// network, the number of images is free; `self.training` switches dropout, drop-connect and the
/// batch-norm statistics. Throws `kConfig` for a node whose name holds a keyword of Python.
std::string torchscript_forward(const Network& network, const ForwardOptions& options = {});

}  // namespace ridgeline
