#pragma once

#include "core/config.h"
#include "network/network.h"

namespace ridgeline {

/// Whose weights a file holds: that decides about the names of its tensors, and for some networks
/// about padding and the epsilon of batch norm. `kTimmTf`: the weights that timm took over from
/// TensorFlow (its names begin with "tf_").
enum class PretrainedLayout { kAuto, kRidgeline, kTorchvision, kTimm, kTimmTf };

template <>
struct EnumNames<PretrainedLayout> {
  static constexpr std::array<std::pair<PretrainedLayout, const char*>, 5> values{
      {{PretrainedLayout::kAuto, "auto"},
       {PretrainedLayout::kRidgeline, "ridgeline"},
       {PretrainedLayout::kTorchvision, "torchvision"},
       {PretrainedLayout::kTimm, "timm"},
       {PretrainedLayout::kTimmTf, "timm_tf"}}};
};

/// Whose weights the last linear layer gets. `kAuto`: the file's where it has as many classes, else
/// new ones.
enum class PretrainedHead { kAuto, kNew, kPretrained };
template <>
struct EnumNames<PretrainedHead> {
  static constexpr std::array<std::pair<PretrainedHead, const char*>, 3> values{
      {{PretrainedHead::kAuto, "auto"},
       {PretrainedHead::kNew, "new"},
       {PretrainedHead::kPretrained, "pretrained"}}};
};

/// The network that computes what the library's computes with its weights. The official
/// EfficientNets, and ours, pad as SAME and have the epsilon 1e-3. torchvision and timm pad k / 2
/// on every side; the epsilon is 1e-5 in timm, and in torchvision for B0 to B4. timm_tf has SAME
/// and 1e-3 everywhere. Names and shapes of all parameters stay. Other networks than EfficientNets
/// and MobileNetV3 are the same in all libraries. Throws `kConfig` for `kAuto`, and for a network
/// with SAME padding that the library does not have.
Network as_pretrained_layout(const Network& network, PretrainedLayout layout);

/// Whether timm's two kinds of weights, plain and from TensorFlow, mean two networks here: true for
/// EfficientNets and MobileNetV3.
bool differs_in_timm_tf(const Network& network);

}  // namespace ridgeline
