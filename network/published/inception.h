#pragma once

#include <string>

#include "network/network.h"

namespace ridgeline {

// Both for 3 x `resolution` x `resolution` images, without the auxiliary classifier of training.
// Strided windows and the stem take no padding; batch norm with epsilon 1e-3 follows every
// convolution. Throw `kConfig` below the smallest resolution that leaves a map: 75 pixels.

/// Szegedy et al. 2015, "Rethinking the Inception Architecture", as timm and torchvision have it:
/// average pools count their padding.
Network inception_v3(const std::string& name, int resolution, int classes = 1000);

/// Szegedy et al. 2016, "Inception-v4, Inception-ResNet and the Impact of Residual Connections",
/// Figures 3 to 8: average pools leave their padding out of the mean.
Network inception_v4(const std::string& name, int resolution, int classes = 1000);

}  // namespace ridgeline
