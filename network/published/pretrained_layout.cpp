#include "network/published/pretrained_layout.h"

#include <string>
#include <utility>
#include <variant>

#include "core/error.h"

namespace ridgeline {
namespace {

constexpr double kTorchEpsilon = 1e-5;
constexpr double kTensorFlowEpsilon = 1e-3;

enum class Family { kEfficientNet, kEfficientNetV2, kMobileNetV3, kOther };

Family family_of(const std::string& name) {
  const std::string b = "efficientnet_b";
  if (name.size() == b.size() + 1 && name.starts_with(b) && name.back() >= '0' &&
      name.back() <= '7') {
    return Family::kEfficientNet;
  }
  if (name.starts_with("efficientnetv2_")) return Family::kEfficientNetV2;
  if (name.starts_with("mobilenetv3_")) return Family::kMobileNetV3;
  return Family::kOther;
}

Network with_style(const Network& network, bool same_padding, double epsilon) {
  NetworkBuilder builder(network.name(), network.input_shape());
  for (int i = 1; i < network.size(); ++i) {
    Operator op = network.node(i).op;
    if (auto* conv = std::get_if<Conv2d>(&op)) {
      conv->padding =
          same_padding ? Padding::same() : Padding::of(conv->kernel_h / 2, conv->kernel_w / 2);
    }
    if (auto* norm = std::get_if<BatchNorm>(&op)) norm->epsilon = epsilon;
    builder.add(network.node(i).name, op, network.node(i).inputs);
  }
  return std::move(builder).build();
}

bool pads_as_same(const Network& network) {
  for (const Node& node : network.nodes()) {
    const auto* conv = std::get_if<Conv2d>(&node.op);
    if (conv != nullptr && conv->padding == Padding::same() && conv->kernel_h > 1) return true;
  }
  return false;
}

[[noreturn]] void refuse_network(const Network& network, PretrainedLayout layout) {
  throw Error(ErrorKind::kConfig,
              "pretrained weights of the layout " + enum_name(layout) + ": it has no network '" +
                  network.name() +
                  "' of this form; valid: efficientnet_b0 to b7, efficientnetv2_*, mobilenetv3_*" +
                  (layout == PretrainedLayout::kTimmTf
                       ? ""
                       : ", mobilenetv2_*, mnasnet_*, resnet*, resnext*, regnetx_*, regnety_*") +
                  " (`ridgeline networks` lists them)");
}

/// torchvision took B0 to B4 from timm, and B5 to B7 and V2 from TensorFlow.
double torchvision_epsilon(const Network& network) {
  const bool is_first = network.name().back() <= '4';
  return family_of(network.name()) == Family::kEfficientNet && is_first ? kTorchEpsilon
                                                                        : kTensorFlowEpsilon;
}

}  // namespace

Network as_pretrained_layout(const Network& network, PretrainedLayout layout) {
  if (layout == PretrainedLayout::kAuto) {
    throw Error(ErrorKind::kConfig,
                "pretrained weights: the layout is not known yet; valid: ridgeline, torchvision, "
                "timm, timm_tf");
  }
  if (layout == PretrainedLayout::kRidgeline) return network;
  const Family family = family_of(network.name());
  if (family == Family::kOther) {
    if (layout == PretrainedLayout::kTimmTf || pads_as_same(network))
      refuse_network(network, layout);
    return network;
  }
  if (layout == PretrainedLayout::kTimmTf) return with_style(network, true, kTensorFlowEpsilon);
  if (layout == PretrainedLayout::kTimm) return with_style(network, false, kTorchEpsilon);
  if (family == Family::kMobileNetV3) return with_style(network, false, kTensorFlowEpsilon);
  return with_style(network, false, torchvision_epsilon(network));
}

bool differs_in_timm_tf(const Network& network) {
  return family_of(network.name()) != Family::kOther;
}

}  // namespace ridgeline
