#pragma once

#include <string>
#include <vector>

#include "network/network.h"

namespace ridgeline {

/// Residual networks after He et al. 2016 (arXiv:1512.03385) in the form that everybody trains:
/// the stride of a bottleneck in its 3x3 convolution ("v1.5"), batch norm with epsilon 1e-5. The
/// fields give the published relatives:
///  - Wide ResNet-50-2 (Zagoruyko and Komodakis 2016): base_width 128;
///  - ResNeXt 32x4d (Xie et al. 2017, arXiv:1611.05431): groups 32, base_width 4;
///  - SE-ResNet, SE-ResNeXt (Hu et al. 2018, arXiv:1709.01507): se_reduction 16;
///  - ResNet-D (He et al. 2019, arXiv:1812.01187): deep_stem 32, average_shortcut;
///  - ResNeSt (Zhang et al. 2020, arXiv:2004.08955): radix 2, deep_stem 32 or 64,
///    average_shortcut.
struct ResNetConfig {
  std::string name = "resnet50";
  int resolution = 224;
  int classes = 1000;
  std::vector<int> layers = {3, 4, 6, 3};  ///< blocks per stage; stage i is 64 * 2^i wide
  bool bottleneck = true;  ///< 1x1, 3x3, 1x1 to four times the stage's width; else 3x3, 3x3
  int groups = 1;          ///< of the bottleneck's 3x3 convolution
  int base_width = 64;     ///< the 3x3 is stage width * base_width / 64 * groups wide
  int se_reduction = 0;  ///< squeeze-and-excite at the block's end, out / se_reduction wide; 0: no
  int deep_stem = 0;     ///< n: 3x3 convolutions of n, n, 2n filters for the 7x7 of 64; 0: 7x7
  bool average_shortcut = false;  ///< strided shortcuts: 2x2 average pool, then 1x1 at stride 1
  int radix = 0;  ///< n: split attention over n branches is the bottleneck's 3x3; 0: a convolution
};

/// Nodes are called "stem", "stageN.blockM.conv1" and so on, "classifier". Throws `kConfig` for a
/// resolution below the product of the strides (32 with four stages), for no stages, and for
/// groups, width or split attention on basic blocks.
Network resnet(const ResNetConfig& config);

}  // namespace ridgeline
