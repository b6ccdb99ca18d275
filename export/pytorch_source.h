#pragma once

#include <string>

#include "export/input.h"
#include "network/network.h"

namespace ridgeline {

/// A Python file with the network as an `nn.Module` that needs torch alone: `Network()`, with the
/// initial weights that a search trial starts from (other random ones), and `load(path)`, with
/// those of a safetensors file. Modules have the names of the nodes, so that the names of the
/// weights are those of every other export. Groups of nodes become the blocks that they are
/// (`ConvBnAct`, `SqueezeExcite`, `MBConv`, `FusedMBConv`), an `nn.Sequential`, or a class of their
/// own. Paddings and crops are those of the network's input size. Throws `kConfig` for a name that
/// Python cannot spell.
std::string pytorch_source(const Network& network, const ExportInput& input = {});

}  // namespace ridgeline
