#pragma once

#include <string>
#include <vector>

#include "network/network.h"

namespace ridgeline {

/// DenseNet-BC of Huang et al. 2017 (arXiv:1608.06993), Table 1: every layer reads the
/// concatenation of all before it in its block, through batch norm, ReLU, 1x1 to 4 x growth, batch
/// norm, ReLU, 3x3 to growth; transitions halve channels and side.
struct DenseNetConfig {
  std::string name = "densenet121";
  int resolution = 224;
  int classes = 1000;
  std::vector<int> layers = {6, 12, 24, 16};  ///< per block
  int growth = 32;                            ///< channels that each layer adds
  int stem_width = 64;
};

/// Throws `kConfig` for a resolution below the product of the strides (32 with four blocks), and
/// for no blocks.
Network densenet(const DenseNetConfig& config);

}  // namespace ridgeline
