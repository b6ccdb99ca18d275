#pragma once

#include <string>
#include <vector>

#include "network/network.h"

namespace ridgeline {

/// Simonyan and Zisserman 2014 (arXiv:1409.1556), Table 1: stages of 3x3 convolutions, each ended
/// by a 2x2 max pool, then layers of 4096, 4096 and `classes`. As in the paper's dense evaluation,
/// the first of these is a 7x7 convolution (the flattened layer where the map is 7x7) and the last
/// reads the mean over what larger images leave.
struct VggConfig {
  std::string name = "vgg16";
  int resolution = 224;
  int classes = 1000;
  std::vector<int> layers = {2, 2, 3, 3, 3};  ///< convolutions per stage
  bool batch_norm = false;  ///< after each 3x3, which keeps its bias (as in torchvision)
};

/// Throws `kConfig` for no stages, and for a resolution that leaves less than 7x7 (224 with five
/// stages).
Network vgg(const VggConfig& config);

}  // namespace ridgeline
