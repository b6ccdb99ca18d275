#pragma once

#include "network/network.h"

namespace ridgeline {

/// `torch.nn.BatchNorm2d` as PyTorch constructs it, which torchvision's and timm's networks keep.
inline constexpr BatchNorm kTorchBatchNorm{.epsilon = 1e-5, .momentum = 0.1};

}  // namespace ridgeline
