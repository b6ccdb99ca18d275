#include "runtime/initial_parameters.h"

#include <ATen/ATen.h>

#include <cmath>

#include "core/overloaded.h"

namespace ridgeline {
namespace {

at::Tensor space_to_depth_weight(int64_t in, int n) {
  at::Tensor weight = at::zeros({in * n * n, in, n, n});
  for (int64_t c = 0; c < in; ++c) {
    for (int row = 0; row < n; ++row) {
      for (int col = 0; col < n; ++col) weight[c * n * n + row * n + col][c][row][col] = 1.0;
    }
  }
  return weight;
}

/// Official EfficientNet: convolutions N(0, sqrt(2 / (k k cout))); depthwise ones have k k as
/// fan-out.
at::Tensor conv_weight(const Conv2d& conv, int64_t in, at::Generator generator) {
  if (conv.init == WeightInit::kSpaceToDepth) return space_to_depth_weight(in, conv.stride);
  const bool depthwise = conv.groups == in && conv.groups == conv.out_channels;
  const double fan_out =
      static_cast<double>(conv.kernel_h * conv.kernel_w) *
      (depthwise ? 1.0 : static_cast<double>(conv.out_channels) / static_cast<double>(conv.groups));
  at::Tensor weight =
      at::empty({conv.out_channels, in / conv.groups, conv.kernel_h, conv.kernel_w});
  return weight.normal_(0.0, std::sqrt(2.0 / fan_out), std::move(generator));
}

}  // namespace

std::vector<ParameterShape> parameter_shapes(const Network& network, int index) {
  const Node& node = network.node(index);
  if (node.inputs.empty()) return {};
  const int64_t in = network.node(node.inputs[0]).shape.channels;
  std::vector<ParameterShape> shapes;
  std::visit(
      Overloaded{
          [&](const Conv2d& c) {
            shapes.push_back({"weight", {c.out_channels, in / c.groups, c.kernel_h, c.kernel_w}});
            if (c.bias) shapes.push_back({"bias", {c.out_channels}});
          },
          [&](const BatchNorm&) {
            shapes = {{"weight", {in}}, {"bias", {in}}};
          },
          [&](const Linear& l) {
            shapes.push_back({"weight", {l.out_features, in}});
            if (l.bias) shapes.push_back({"bias", {l.out_features}});
          },
          [](const auto&) {}},
      node.op);
  return shapes;
}

at::Tensor initial_parameter(const Network& network, int index, const ParameterShape& parameter,
                             at::Generator& generator) {
  const Node& node = network.node(index);
  if (parameter.name == "bias") return at::zeros(parameter.shape);
  if (const auto* conv = std::get_if<Conv2d>(&node.op))
    return conv_weight(*conv, network.node(node.inputs[0]).shape.channels, generator);
  if (std::holds_alternative<BatchNorm>(node.op)) return at::ones(parameter.shape);
  const double bound = 1.0 / std::sqrt(static_cast<double>(parameter.shape[0]));
  return at::empty(parameter.shape).uniform_(-bound, bound, generator);
}

}  // namespace ridgeline
