#include "runtime/network_module.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "core/overloaded.h"
#include "runtime/initial_parameters.h"
#include "runtime/kernels/batch_norm_activation.h"
#include "runtime/kernels/depthwise.h"
#include "runtime/kernels/pointwise.h"
#include "runtime/operators.h"
#include "runtime/synchronised_batch_norm.h"

namespace ridgeline {

namespace {

/// Registers tensors under dotted names by making the nested modules on the way, so that state_dict
/// keys equal node names plus ".weight" and so on.
class NestedModule : public torch::nn::Module {};

torch::nn::Module& descend(torch::nn::Module& root, const std::string& path) {
  torch::nn::Module* module = &root;
  for (size_t begin = 0; begin < path.size();) {
    const size_t end = std::min(path.find('.', begin), path.size());
    const std::string part = path.substr(begin, end - begin);
    const auto children = module->named_children();
    if (const auto* child = children.find(part)) {
      module = child->get();
    } else {
      module = module->register_module(part, std::make_shared<NestedModule>()).get();
    }
    begin = end + 1;
  }
  return *module;
}

at::Generator new_generator(uint64_t seed) { return at::detail::createCPUGenerator(seed); }

std::optional<kernels::FusedActivation> fused_kind(ActivationKind kind) {
  switch (kind) {
    case ActivationKind::kRelu:
      return kernels::FusedActivation::kRelu;
    case ActivationKind::kSwish:
      return kernels::FusedActivation::kSwish;
    default:
      return std::nullopt;
  }
}

at::Tensor drop_mask(const std::vector<int64_t>& shape, double rate, at::Generator& generator) {
  return at::empty(shape).bernoulli_(1.0 - rate, generator).div_(1.0 - rate);
}

}  // namespace

struct NetworkModuleImpl::Layer {
  at::Tensor weight, bias, running_mean, running_var;
  WindowPadding padding;
  bool is_frozen = false;  // a batch norm that keeps its statistics
};

NetworkModuleImpl::NetworkModuleImpl(const Network& network, uint64_t seed)
    : NetworkModuleImpl(network, seed, nullptr) {}

NetworkModuleImpl::NetworkModuleImpl(const Network& network, uint64_t seed,
                                     const ParameterSource& shared)
    : torch::nn::Module("NetworkModule"), network_(network), generator_(new_generator(seed)) {
  last_use_.resize(network.nodes().size());
  for (int i = 0; i < network.size(); ++i) {
    for (const int input : network.node(i).inputs) last_use_[static_cast<size_t>(input)] = i;
    layers_.push_back(make_layer(i, shared));
  }
  std::vector<int> readers(network.nodes().size());
  for (const Node& node : network.nodes()) {
    for (const int input : node.inputs) ++readers[static_cast<size_t>(input)];
  }
  activation_after_.assign(network.nodes().size(), -1);
  for (int i = 1; i < network.size(); ++i) {
    const Node& node = network.node(i);
    const auto* activation = std::get_if<Activation>(&node.op);
    if (activation == nullptr || !fused_kind(activation->kind)) continue;
    const auto input = static_cast<size_t>(node.inputs[0]);
    if (std::holds_alternative<BatchNorm>(network.node(node.inputs[0]).op) && readers[input] == 1)
      activation_after_[input] = i;
  }
}

std::shared_ptr<NetworkModuleImpl::Layer> NetworkModuleImpl::make_layer(
    int index, const ParameterSource& shared) {
  auto layer = std::make_shared<Layer>();
  const Node& node = network_.node(index);
  if (node.inputs.empty()) return layer;
  for (const ParameterShape& parameter : parameter_shapes(network_, index)) {
    at::Tensor& tensor = parameter.name == "weight" ? layer->weight : layer->bias;
    tensor =
        shared ? shared(index, parameter)
               : descend(*this, node.name)
                     .register_parameter(parameter.name,
                                         initial_parameter(network_, index, parameter, generator_));
  }
  const Shape& in = network_.node(node.inputs[0]).shape;
  const auto buffer = [&](const char* name, const at::Tensor& value) {
    return descend(*this, node.name).register_buffer(name, value);
  };
  std::visit(Overloaded{[&](const Conv2d& c) { layer->padding = window_padding(c, in); },
                        [&](const BatchNorm&) {
                          layer->running_mean = buffer("running_mean", at::zeros({in.channels}));
                          layer->running_var = buffer("running_var", at::ones({in.channels}));
                        },
                        [&](const Pool& p) { layer->padding = window_padding(p, in); },
                        [](const auto&) {}},
             node.op);
  return layer;
}

void NetworkModuleImpl::reshape(const Network& network) {
  const auto refuse = [&](const std::string& what) {
    throw Error(ErrorKind::kConfig, "network " + network.name() + " for " +
                                        std::to_string(network.input_shape().height) +
                                        " pixels: " + what + " differs from the one for " +
                                        std::to_string(network_.input_shape().height) + " pixels");
  };
  if (network.size() != network_.size()) refuse("the number of operators");
  std::vector<WindowPadding> paddings(layers_.size());
  for (int i = 1; i < network.size(); ++i) {
    const Node &node = network.node(i), &old = network_.node(i);
    const Shape& in = network.node(node.inputs[0]).shape;
    const bool same = node.name == old.name && node.op.index() == old.op.index() &&
                      node.shape.channels == old.shape.channels &&
                      in.channels == network_.node(old.inputs[0]).shape.channels;
    if (!same) refuse(node.name);
    std::visit(
        Overloaded{[&](const Conv2d& c) {
                     const auto& before = std::get<Conv2d>(old.op);
                     if (c.kernel_h != before.kernel_h || c.kernel_w != before.kernel_w)
                       refuse(node.name);
                     paddings[static_cast<size_t>(i)] = window_padding(c, in);
                   },
                   [&](const Pool& p) { paddings[static_cast<size_t>(i)] = window_padding(p, in); },
                   [](const auto&) {}},
        node.op);
  }
  network_ = network;
  for (size_t i = 0; i < layers_.size(); ++i) layers_[i]->padding = paddings[i];
}

void NetworkModuleImpl::reseed(uint64_t seed) { generator_ = new_generator(seed); }

void NetworkModuleImpl::share_batch(const BatchSlice& slice, RankGroup* statistics) {
  slice_ = slice;
  statistics_ = statistics;
}

void NetworkModuleImpl::freeze(const std::vector<std::string>& parameters) {
  auto known = named_parameters();
  for (const std::string& name : parameters) {
    if (known.contains(name)) continue;
    throw Error(ErrorKind::kConfig,
                "network " + network_.name() + ": has no parameter '" + name + "' to freeze");
  }
  for (const std::string& name : parameters) {
    at::Tensor& parameter = known[name];
    parameter.set_requires_grad(false);
    for (const auto& layer : layers_) {
      if (layer->running_mean.defined() && layer->weight.is_same(parameter)) {
        layer->is_frozen = true;
      }
    }
  }
}

void NetworkModuleImpl::clear_statistics() {
  const at::NoGradGuard no_grad;
  for (const auto& layer : layers_) {
    if (layer->is_frozen || !layer->running_mean.defined()) continue;
    layer->running_mean.zero_();
    layer->running_var.zero_();
  }
}

torch::Tensor NetworkModuleImpl::forward(torch::Tensor x) {
  std::vector<at::Tensor> values(layers_.size());
  const std::vector<at::Tensor> masks =
      is_training() ? draw_masks(x) : std::vector<at::Tensor>(layers_.size());
  values[0] = std::move(x);
  if (see_value_) see_value_(0, values[0]);
  for (int i = 1; i < network_.size(); ++i) {
    const Node& node = network_.node(i);
    const auto at = static_cast<size_t>(i);
    const bool is_there = values[at].defined();  // with the batch norm before it
    if (!is_there && !(own_kernels_ && apply_own_kernel(i, values)))
      values[at] = apply(node, *layers_[at], values, masks[at]);
    if (see_value_) see_value_(i, values[at]);
    for (const int input : node.inputs) {
      if (last_use_[static_cast<size_t>(input)] == i) values[static_cast<size_t>(input)].reset();
    }
    if (after_node_) after_node_(i);
  }
  return values.back().flatten(1);  // [N, classes]
}

// Drawn on the CPU from our own generator, so that the masks are the same on every device, and
// brought to a GPU in one copy that nobody waits for.
std::vector<at::Tensor> NetworkModuleImpl::draw_masks(const at::Tensor& x) {
  std::vector<at::Tensor> masks(layers_.size()), flat;
  for (int i = 1; i < network_.size(); ++i) {
    const Node& node = network_.node(i);
    const auto* single = std::get_if<Dropout>(&node.op);
    const auto* whole = std::get_if<DropConnect>(&node.op);
    const double rate = single ? single->rate : whole ? whole->rate : 0;
    if (rate == 0) continue;
    const Shape& in = network_.node(node.inputs[0]).shape;
    const std::vector<int64_t> one = single ? std::vector<int64_t>{in.channels, in.height, in.width}
                                            : std::vector<int64_t>{1, 1, 1};
    // Space-to-batch makes several blocks of the batch, one after another.
    const int64_t images = x.size(0) * in.batch / network_.input_shape().batch;
    at::Tensor mask;
    if (slice_.total == 0) {
      mask = drop_mask({images, one[0], one[1], one[2]}, rate, generator_);
    } else {
      mask =
          drop_mask({images / slice_.count, slice_.total, one[0], one[1], one[2]}, rate, generator_)
              .narrow(1, slice_.begin, slice_.count)
              .flatten(0, 1);
    }
    masks[static_cast<size_t>(i)] = mask;
    flat.push_back(mask.reshape(-1));
  }
  if (!x.is_cuda() || flat.empty()) return masks;
  const at::Tensor all = at::cat(flat).pin_memory().to(x.device(), /*non_blocking=*/true);
  int64_t begin = 0;
  for (at::Tensor& mask : masks) {
    if (!mask.defined()) continue;
    mask = all.narrow(0, begin, mask.numel()).view(mask.sizes());
    begin += mask.numel();
  }
  return masks;
}

bool NetworkModuleImpl::apply_own_kernel(int i, std::vector<at::Tensor>& values) {
  const Node& node = network_.node(i);
  const Layer& layer = *layers_[static_cast<size_t>(i)];
  const at::Tensor& x = values[static_cast<size_t>(node.inputs[0])];
  if (const auto* conv = std::get_if<Conv2d>(&node.op)) {
    const std::vector<int64_t>& pad = layer.padding.explicit_pad;
    const std::vector<int64_t>& symmetric = layer.padding.symmetric;
    if (kernels::takes_depthwise(x, layer.weight, conv->groups)) {
      const kernels::ImagePadding padding =
          pad.empty()
              ? kernels::ImagePadding{symmetric[0], symmetric[0], symmetric[1], symmetric[1]}
              : kernels::ImagePadding{pad[2], pad[3], pad[0], pad[1]};
      at::Tensor y = kernels::depthwise_convolution(x, layer.weight, conv->stride, padding);
      if (conv->bias) y = y + layer.bias.view({1, -1, 1, 1});
      values[static_cast<size_t>(i)] = y;
      return true;
    }
    if (conv->stride == 1 && pad.empty() && symmetric[0] == 0 && symmetric[1] == 0 &&
        kernels::takes_pointwise(x, layer.weight, conv->groups)) {
      values[static_cast<size_t>(i)] = kernels::pointwise_convolution(x, layer.weight, layer.bias);
      return true;
    }
    return false;
  }
  const auto* norm = std::get_if<BatchNorm>(&node.op);
  const bool learns = is_training() && !layer.is_frozen;
  const bool collects = !is_training() && collecting_ > 0 && !layer.is_frozen;
  if (norm == nullptr || statistics_ != nullptr || !kernels::takes_batch_norm(x)) return false;
  if (!learns && !collects && at::GradMode::is_enabled()) return false;
  const int after = activation_after_[static_cast<size_t>(i)];
  const auto kind = after < 0 ? kernels::FusedActivation::kIdentity
                              : *fused_kind(std::get<Activation>(network_.node(after).op).kind);
  const kernels::BatchNormTensors tensors{layer.weight, layer.bias, layer.running_mean,
                                          layer.running_var};
  const at::Tensor y =
      learns || collects
          ? kernels::batch_norm_activation(x, tensors, collects ? collecting_ : norm->momentum,
                                           norm->epsilon, kind)
          : kernels::scored_batch_norm_activation(x, tensors, norm->epsilon, kind);
  values[static_cast<size_t>(after < 0 ? i : after)] = y;
  return true;
}

at::Tensor NetworkModuleImpl::apply(const Node& node, const Layer& layer,
                                    std::vector<at::Tensor>& values, const at::Tensor& mask) {
  const auto input = [&](size_t i) -> const at::Tensor& {
    return values[static_cast<size_t>(node.inputs[i])];
  };
  const at::Tensor& x = input(0);
  return std::visit(
      Overloaded{
          [&](const Input&) { return x; },
          [&](const Conv2d& c) {
            const at::Tensor padded = layer.padding.explicit_pad.empty()
                                          ? x
                                          : at::constant_pad_nd(x, layer.padding.explicit_pad);
            return at::conv2d(padded, layer.weight, layer.bias, {c.stride, c.stride},
                              layer.padding.symmetric, {1, 1}, c.groups);
          },
          [&](const BatchNorm& b) {
            const bool learns = is_training() && !layer.is_frozen;
            if (learns && statistics_ != nullptr) {
              const double own = static_cast<double>(x.numel()) / static_cast<double>(x.size(1));
              return synchronised_batch_norm(
                  x, {layer.weight, layer.bias, layer.running_mean, layer.running_var}, b.momentum,
                  b.epsilon, own / slice_.count * slice_.total, *statistics_);
            }
            const bool collects = !is_training() && collecting_ > 0 && !layer.is_frozen;
            return at::batch_norm(x, layer.weight, layer.bias, layer.running_mean,
                                  layer.running_var, learns || collects,
                                  collects ? collecting_ : b.momentum, b.epsilon, true);
          },
          [&](const Activation& a) { return activate(a.kind, x); },
          [&](const Pool& p) { return pool(p, layer.padding, x); },
          [&](const GlobalAveragePool&) {
            return at::adaptive_avg_pool2d(x, {1, 1});
          },
          [&](const Linear&) {
            // C x 1 x 1, as the network says, so that convolutions and gates can read it.
            return at::linear(x.flatten(1), layer.weight, layer.bias).unsqueeze(2).unsqueeze(3);
          },
          [&](const Add&) {
            at::Tensor sum = x + input(1);
            for (size_t i = 2; i < node.inputs.size(); ++i) sum = sum + input(i);
            return sum;
          },
          [&](const Multiply&) { return x * input(1); },
          [&](const Concat&) {
            std::vector<at::Tensor> parts;
            for (size_t i = 0; i < node.inputs.size(); ++i) parts.push_back(input(i));
            return at::cat(parts, 1);
          },
          [&](const Slice& s) { return x.narrow(1, s.begin, s.count); },
          [&](const SplitSoftmax& s) {
            const auto shape = x.sizes().vec();
            const at::Tensor splits =
                x.reshape({shape[0], s.splits, shape[1] / s.splits, shape[2], shape[3]});
            return at::softmax(splits, 1).reshape(shape);
          },
          [&](const Dropout&) { return mask.defined() ? x * mask.to(x.options()) : x; },
          [&](const DropConnect&) { return mask.defined() ? x * mask.to(x.options()) : x; },
          [&](const SpaceToBatch& s) { return space_to_batch(x, s.block); },
          [&](const BatchToSpace& s) { return batch_to_space(x, s); }},
      node.op);
}

int64_t count_parameters(const torch::nn::Module& module) {
  int64_t total = 0;
  for (const auto& parameter : module.parameters()) total += parameter.numel();
  return total;
}

}  // namespace ridgeline
