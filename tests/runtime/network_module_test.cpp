#include "runtime/network_module.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "network/cost.h"
#include "search_space/search_space.h"
#include "tests/catch.h"
#include "tests/runtime/networks.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

const SearchSpace& efficientnet_x() {
  static const SearchSpace space =
      SearchSpace::load(source_folder() / "configs/spaces/efficientnet_x.yaml");
  return space;
}

/// Random points of the EfficientNet-X space at 32 px, with a quarter of the filters, so that a
/// test of many stays fast.
std::vector<Architecture> narrow_architectures(int count) {
  RandomStream stream(7, 0, "architectures");
  std::vector<Architecture> architectures;
  for (int i = 0; i < count; ++i) {
    Architecture a = efficientnet_x().decode(random_genotype(efficientnet_x().decisions(), stream));
    a.resolution = 32;
    a.classes = 7;
    a.stem.filters /= 4;
    a.head.filters /= 4;
    for (auto& stage : a.stages) stage.filters /= 4;
    architectures.push_back(std::move(a));
  }
  return architectures;
}

int64_t count_buffers(const torch::nn::Module& module) {
  int64_t total = 0;
  for (const auto& buffer : module.buffers()) total += buffer.numel();
  return total;
}

}  // namespace

TEST_CASE("random architectures have the counted parameters and buffers as modules") {
  for (const auto& architecture : narrow_architectures(80)) {
    const Network network = lower(architecture);
    const OperatorCost total = cost(network).total;
    const NetworkModule module(network, 1);
    INFO(to_yaml(architecture));
    REQUIRE(count_parameters(*module) == total.params);
    REQUIRE(count_buffers(*module) == total.buffer_elements);
  }
}

TEST_CASE("random architectures at full width have them too") {
  RandomStream stream(11, 0, "architectures");
  for (int tested = 0; tested < 4;) {
    const Network network =
        lower(efficientnet_x().decode(random_genotype(efficientnet_x().decisions(), stream)));
    const OperatorCost total = cost(network).total;
    if (total.params > 20'000'000) continue;
    ++tested;
    const NetworkModule module(network, 1);
    CHECK(count_parameters(*module) == total.params);
    CHECK(count_buffers(*module) == total.buffer_elements);
  }
}

TEST_CASE("the gradient reaches every parameter, and the output is one row of classes per image") {
  for (Architecture architecture : narrow_architectures(10)) {
    architecture.drop_connect = 0;  // a dropped branch rightly has no gradient
    architecture.head.dropout = 0;
    NetworkModule module(lower(architecture), 3);
    module->train();
    const at::Tensor logits = module->forward(noise({4, 3, 32, 32}, 5));
    REQUIRE(logits.sizes() == at::IntArrayRef({4, 7}));
    at::logsumexp(logits, {1}).sum().backward();
    INFO(to_yaml(architecture));
    for (const auto& item : module->named_parameters()) {
      INFO(item.key());
      REQUIRE(item.value().grad().defined());
      // A convolution under a batch norm over a single 1 x 1 map may have a gradient of zero, but
      // not one that is no number.
      REQUIRE(at::isfinite(item.value().grad()).all().item<bool>());
    }
  }
}

TEST_CASE("no parameter of a small network has a gradient of zero everywhere") {
  Architecture architecture = small_architecture();
  architecture.drop_connect = 0;
  architecture.head.dropout = 0;
  for (auto& stage : architecture.stages) stage.activation = ActivationKind::kSwish;
  NetworkModule module(lower(architecture), 3);
  module->train();
  const at::Tensor logits = module->forward(noise({8, 3, 32, 32}, 5));
  (logits * noise({8, 5}, 6)).sum().backward();
  for (const auto& item : module->named_parameters()) {
    INFO(item.key());
    CHECK(item.value().grad().abs().max().item<double>() > 0);
  }
}

TEST_CASE("tensors are named after their nodes") {
  const Network network = lower(small_architecture());
  const NetworkModule module(network, 1);
  std::vector<std::string> expected, parameters;
  for (const auto& node : network.nodes()) {
    const auto* conv = std::get_if<Conv2d>(&node.op);
    const bool norm = std::holds_alternative<BatchNorm>(node.op);
    const bool linear = std::holds_alternative<Linear>(node.op);
    if (conv || norm || linear) expected.push_back(node.name + ".weight");
    if ((conv && conv->bias) || norm || linear) expected.push_back(node.name + ".bias");
  }
  for (const auto& item : module->named_parameters()) parameters.push_back(item.key());
  std::sort(expected.begin(), expected.end());
  std::sort(parameters.begin(), parameters.end());
  CHECK(parameters == expected);
  const auto shape = [&](const std::string& name) {
    return module->named_parameters()[name].sizes().vec();
  };
  CHECK(shape("stem.conv.weight") == std::vector<int64_t>{8, 3, 3, 3});
  CHECK(shape("stage3.block0.depthwise.conv.weight") == std::vector<int64_t>{24, 1, 5, 5});
  CHECK(shape("classifier.weight") == std::vector<int64_t>{5, 24});
  CHECK(module->named_buffers().contains("stem.bn.running_mean"));
  CHECK(module->named_buffers().contains("stem.bn.running_var"));
}

TEST_CASE("inference is deterministic, changes nothing and does not mix the images of a batch") {
  const at::NoGradGuard no_grad;
  NetworkModule module(lower(small_architecture()), 3);
  module->train();
  module->forward(noise({16, 3, 32, 32}, 4));  // moving statistics that are not their start values
  module->eval();
  const at::Tensor images = noise({6, 3, 32, 32}, 5);
  const at::Tensor mean = module->named_buffers()["stem.bn.running_mean"].clone();
  const at::Tensor all = module->forward(images);
  CHECK(same_bits(module->forward(images), all));
  CHECK(same_bits(module->named_buffers()["stem.bn.running_mean"], mean));
  for (int64_t i = 0; i < 6; ++i) {
    CHECK(difference(module->forward(images.narrow(0, i, 1)), all.narrow(0, i, 1)) < 1e-5);
  }
  CHECK(difference(module->forward(images.flip(0)), all.flip(0)) < 1e-5);
}

TEST_CASE("batch norm in training moves its statistics by the momentum, with PyTorch's meaning") {
  const at::NoGradGuard no_grad;
  NetworkModule module(single(BatchNorm{1e-3, 0.1}, {2, 3, 3}), 1);
  module->train();
  const at::Tensor x = noise({4, 2, 3, 3}, 9) * 2 + 1;
  const at::Tensor y = module->forward(x).reshape({4, 2, 3, 3});
  const at::Tensor mean = x.mean({0, 2, 3}), variance = x.var({0, 2, 3}, /*unbiased=*/true);
  const auto buffers = module->named_buffers();
  CHECK(difference(buffers["node.running_mean"], mean * 0.1) < 1e-6);
  CHECK(difference(buffers["node.running_var"], variance * 0.1 + 0.9) < 1e-5);
  CHECK(y.mean({0, 2, 3}).abs().max().item<double>() < 1e-5);
  module->eval();
  const at::Tensor expected = (x - buffers["node.running_mean"].reshape({1, 2, 1, 1})) /
                              (buffers["node.running_var"].reshape({1, 2, 1, 1}) + 1e-3).sqrt();
  CHECK(difference(module->forward(x).reshape({4, 2, 3, 3}), expected) < 1e-5);
}
