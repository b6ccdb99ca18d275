#include "accuracy/zero_cost/scores.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "core/error.h"
#include "core/random.h"
#include "network/cost.h"
#include "runtime/network_module.h"

namespace ridgeline {
namespace {

constexpr double kZenStep = 0.01;  // the paper's alpha
constexpr int kZenDraws = 4;

/// The weights of convolutions and linear layers: biases and batch norm have one dimension.
std::vector<at::Tensor> weights_of(NetworkModule& module) {
  std::vector<at::Tensor> weights;
  for (const at::Tensor& parameter : module->parameters()) {
    if (parameter.dim() > 1) weights.push_back(parameter);
  }
  return weights;
}

/// A network that normalises by the statistics of each batch, without dropout.
NetworkModule on_batch_statistics(const Architecture& architecture, uint64_t seed) {
  NetworkModule module(lower(architecture), seed);
  module->eval();
  module->collect_statistics(1.0);
  return module;
}

bool has_sign(const Node& node) {
  const auto* activation = std::get_if<Activation>(&node.op);
  if (activation == nullptr) return false;
  return activation->kind == ActivationKind::kRelu || activation->kind == ActivationKind::kSwish ||
         activation->kind == ActivationKind::kRelu6 ||
         activation->kind == ActivationKind::kHardSwish;
}

at::Tensor gaussian(const std::vector<int64_t>& sizes, at::Generator& generator) {
  return at::empty(sizes).normal_(0, 1, generator);
}

/// Of the last global pooling: its input are the features.
int features_node(const Network& network) {
  for (int i = network.size() - 1; i > 0; --i) {
    if (std::holds_alternative<GlobalAveragePool>(network.node(i).op))
      return network.node(i).inputs[0];
  }
  return network.size() - 1;
}

double zen_draw(NetworkModule& module, int batch, at::Generator& generator) {
  for (const at::Tensor& weight : weights_of(module)) weight.normal_(0, 1, generator);
  const Network& network = module->network();
  const Shape in = network.input_shape();
  const std::vector<int64_t> sizes = {batch, in.channels, in.height, in.width};
  const at::Tensor x = gaussian(sizes, generator);
  const at::Tensor moved = x + kZenStep * gaussian(sizes, generator);
  std::set<int> normalised;  // nodes that a batch norm reads
  for (const Node& node : network.nodes()) {
    if (std::holds_alternative<BatchNorm>(node.op)) normalised.insert(node.inputs[0]);
  }
  const int last = features_node(network);
  at::Tensor features;
  double log_scales = 0;
  module->observe([&](int node, const at::Tensor& value) {
    if (node == last) features = value;
    if (!normalised.contains(node)) return;
    const double variance = value.var(std::vector<int64_t>{0, 2, 3}, false).mean().item<double>();
    log_scales += 0.5 * std::log(variance);
  });
  module->forward(x);
  const double scales = log_scales;
  const at::Tensor before = features;
  module->forward(moved);
  module->observe({});
  const double change =
      (before - features).abs().sum(std::vector<int64_t>{1, 2, 3}).mean().item<double>();
  return std::log(change) + scales;
}

}  // namespace

double synflow(const Architecture& architecture, uint64_t seed) {
  const at::AutoGradMode gradients_on(true);  // whatever the caller has
  NetworkModule module(lower(architecture), seed);
  module->to(at::kDouble);
  module->eval();
  const auto weights = weights_of(module);
  {
    const at::NoGradGuard no_gradients;
    for (const at::Tensor& parameter : module->parameters()) parameter.abs_();
  }
  const Shape in = module->network().input_shape();
  const at::Tensor ones = at::ones({1, in.channels, in.height, in.width}, at::kDouble);
  const at::Tensor flow = module->forward(ones).sum();
  const auto gradients = torch::autograd::grad({flow}, weights, {}, {}, false, true);
  double sum = 0;
  for (size_t i = 0; i < weights.size(); ++i) {
    if (gradients[i].defined())
      sum += (weights[i].detach() * gradients[i]).abs().sum().item<double>();
  }
  return std::log(sum);
}

double naswot(const Architecture& architecture, const ZeroCostInput& input) {
  const at::NoGradGuard no_gradients;
  NetworkModule module = on_batch_statistics(architecture, input.seed);
  const int64_t n = input.images.size(0);
  at::Tensor kernel = at::zeros({n, n}, at::kDouble);
  module->observe([&](int node, const at::Tensor& value) {
    // Space-to-batch makes several images of one, block after block: they are one code.
    if (!has_sign(module->network().node(node))) return;
    const at::Tensor code = value.reshape({-1, n, value[0].numel()})
                                .transpose(0, 1)
                                .reshape({n, -1})
                                .gt(0)
                                .to(at::kFloat);
    const at::Tensor other = 1 - code;
    kernel += code.matmul(code.t()).to(at::kDouble) + other.matmul(other.t()).to(at::kDouble);
  });
  module->forward(input.images);
  module->observe({});
  return std::get<1>(at::slogdet(kernel)).item<double>();
}

double gradient_norm(const Architecture& architecture, const ZeroCostInput& input) {
  const at::AutoGradMode gradients_on(true);
  NetworkModule module = on_batch_statistics(architecture, input.seed);
  const auto weights = weights_of(module);
  const at::Tensor loss = at::cross_entropy_loss(module->forward(input.images), input.labels);
  const auto gradients = torch::autograd::grad({loss}, weights, {}, {}, false, true);
  double sum = 0;
  for (const at::Tensor& gradient : gradients) {
    if (gradient.defined()) sum += gradient.norm().item<double>();
  }
  return sum;
}

double zen_score(const Architecture& architecture, int batch, uint64_t seed) {
  const at::NoGradGuard no_gradients;
  Architecture plain = architecture;
  for (Stage& stage : plain.stages) {
    stage.skip = false;
    stage.se_ratio = 0;
  }
  NetworkModule module = on_batch_statistics(plain, seed);
  at::Generator generator = at::detail::createCPUGenerator(derive_seed(seed, 0, "zen"));
  double sum = 0;
  for (int i = 0; i < kZenDraws; ++i) sum += zen_draw(module, batch, generator);
  return sum / kZenDraws;
}

double zero_cost_score(ZeroCostScore score, const Architecture& architecture,
                       const ZeroCostInput& input) {
  switch (score) {
    case ZeroCostScore::kSynflow:
      return synflow(architecture, input.seed);
    case ZeroCostScore::kNaswot:
      return naswot(architecture, input);
    case ZeroCostScore::kGradNorm:
      return gradient_norm(architecture, input);
    case ZeroCostScore::kZen:
      return zen_score(architecture, static_cast<int>(input.images.size(0)), input.seed);
    case ZeroCostScore::kMadds:
      return static_cast<double>(cost(lower(architecture)).total.madds);
    case ZeroCostScore::kParams:
      return static_cast<double>(cost(lower(architecture)).total.params);
  }
  throw Error(ErrorKind::kInternal, "zero-cost score without a function");
}

std::string source_of(ZeroCostScore score) {
  switch (score) {
    case ZeroCostScore::kSynflow:
      return "Tanaka et al. 2020";
    case ZeroCostScore::kNaswot:
      return "Mellor et al. 2021";
    case ZeroCostScore::kGradNorm:
      return "Abdelfattah et al. 2021";
    case ZeroCostScore::kZen:
      return "Lin et al. 2021";
    case ZeroCostScore::kMadds:
    case ZeroCostScore::kParams:
      return "counted";
  }
  return {};
}

}  // namespace ridgeline
