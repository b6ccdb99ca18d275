#pragma once

#include <string>
#include <vector>

#include "network/network.h"

namespace ridgeline {

/// A row of a mobile network's table: `layers` inverted residuals (Sandler et al. 2018) of one
/// width, 1 x 1 expansion, depthwise, squeeze-and-excite, 1 x 1 projection, added to their input
/// where stride and width allow it.
struct MobileStage {
  int kernel = 3;
  double expansion = 6;  ///< of the input's channels; 1: no expansion
  int64_t filters = 16;
  int layers = 1;
  int stride = 1;       ///< of the first layer
  double se_ratio = 0;  ///< 0: no squeeze-and-excite
  ActivationKind activation = ActivationKind::kRelu;
  bool fused = false;  ///< k x k convolution for expansion and depthwise; at expansion 1 it is all
};

/// A network of such stages between a strided 3 x 3 stem and a 1 x 1 head convolution.
struct MobileNetwork {
  int64_t stem_filters = 32;
  std::vector<MobileStage> stages;
  int64_t head_filters = 1280;
  int64_t features = 0;  ///< of a linear layer between pool and classifier (MobileNetV3); 0: none
  ActivationKind activation = ActivationKind::kRelu;  ///< of stem, head and features
  /// Squeeze-and-excite: reduced to the ratio of the expanded channels, rounded to 8, with ReLU and
  /// a hard sigmoid (MobileNetV3); else to that of the block's input, with the stage's activation.
  bool hard_squeeze_excite = false;
  bool same_padding = false;  ///< TensorFlow's; else k / 2 on every side, as in PyTorch's ports
  double dropout = 0.2;
  double drop_connect = 0;  ///< rate at the last block; grows linearly from 0
  BatchNorm batch_norm;
};

/// The nearest multiple of 8, at least 8, and one step up when that loses over 10 %.
int64_t round_to_8(double channels);

/// For 3 x `resolution` x `resolution` images. Throws `kConfig` when the resolution is below the
/// product of the strides.
Network mobile_network(const std::string& name, int resolution, const MobileNetwork& config,
                       int classes = 1000);

}  // namespace ridgeline
