#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "network/network.h"
#include "network/published/pretrained_layout.h"

namespace ridgeline {

/// How one library names the layers of one family of networks.
struct NameMap {
  PretrainedLayout layout = PretrainedLayout::kRidgeline;
  std::string source;  ///< "torchvision's RegNet"
  /// The library's name of each node with weights, by node name: "stage1.block0.conv1.bn" ->
  /// "layer1.0.bn1". Empty where the library's family has no such layer.
  std::map<std::string, std::string> names;
};

/// The map for a file with the tensors `stored`. Throws `kData` where the names are of none of the
/// known kinds, or of another than `layout` asks for.
NameMap name_map(const Network& network, PretrainedLayout layout,
                 const std::vector<std::string>& stored);

}  // namespace ridgeline
