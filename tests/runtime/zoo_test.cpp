#include <ATen/ATen.h>

#include <map>

#include "network/cost.h"
#include "network/published/known_networks.h"
#include "network/published/resnet.h"
#include "network/published/vgg.h"
#include "runtime/network_module.h"
#include "tests/catch.h"
#include "tests/runtime/networks.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

void check_module(const Network& network) {
  INFO(network.name());
  const Shape& in = network.input_shape();
  NetworkModule module(network, 1);
  CHECK(count_parameters(*module) == cost(network).total.params);
  module->eval();
  const at::NoGradGuard no_grad;
  const at::Tensor logits = module->forward(noise({2, in.channels, in.height, in.width}, 3));
  CHECK(logits.sizes() == at::IntArrayRef({2, network.output_shape().channels}));
  CHECK(logits.isfinite().all().item<bool>());
}

/// The authors' ResNeSt in ATen's words, with the weights of a module of ours.
class WrittenOutResNeSt {
 public:
  explicit WrittenOutResNeSt(const NetworkModule& module) {
    for (const auto& item : module->named_parameters()) tensors_[item.key()] = item.value();
    for (const auto& item : module->named_buffers()) tensors_[item.key()] = item.value();
  }

  at::Tensor forward(at::Tensor x) const {
    x = conv_bn("stem.conv1", x, 2, 1).relu();
    x = conv_bn("stem.conv2", x, 1, 1).relu();
    x = conv_bn("stem.conv3", x, 1, 1).relu();
    x = at::max_pool2d(x, 3, 2, 1);
    x = block("stage1.block0", x, 1);
    x = block("stage2.block0", x, 2);
    return at::linear(x.mean({2, 3}), get("classifier.weight"), get("classifier.bias"));
  }

 private:
  const at::Tensor& get(const std::string& name) const { return tensors_.at(name); }

  at::Tensor conv_bn(const std::string& name, const at::Tensor& x, int stride, int padding,
                     int groups = 1, bool bias = false) const {
    const at::Tensor none;
    const at::Tensor y =
        at::conv2d(x, get(name + ".conv.weight"), bias ? get(name + ".conv.bias") : none, stride,
                   padding, 1, groups);
    return at::batch_norm(y, get(name + ".bn.weight"), get(name + ".bn.bias"),
                          get(name + ".bn.running_mean"), get(name + ".bn.running_var"), false, 0.1,
                          1e-5, false);
  }

  at::Tensor split_attention(const std::string& name, const at::Tensor& x) const {
    const auto splits = conv_bn(name, x, 1, 1, 2).relu().chunk(2, 1);
    at::Tensor gate = (splits[0] + splits[1]).mean({2, 3}, true);
    gate = conv_bn(name + ".fc1", gate, 1, 0, 1, true).relu();
    gate = at::conv2d(gate, get(name + ".fc2.weight"), get(name + ".fc2.bias"));
    const auto weights = gate.view({x.size(0), 2, -1, 1, 1}).softmax(1).unbind(1);
    return splits[0] * weights[0] + splits[1] * weights[1];
  }

  at::Tensor block(const std::string& name, const at::Tensor& x, int stride) const {
    at::Tensor y = conv_bn(name + ".conv1", x, 1, 0).relu();
    y = split_attention(name + ".conv2", y);
    if (stride > 1) y = at::avg_pool2d(y, 3, stride, 1);
    y = conv_bn(name + ".conv3", y, 1, 0);
    const at::Tensor entry = stride > 1 ? at::avg_pool2d(x, 2, stride, 0, /*ceil_mode=*/true,
                                                         /*count_include_pad=*/false)
                                        : x;
    return (y + conv_bn(name + ".shortcut", entry, 1, 0)).relu();
  }

  std::map<std::string, at::Tensor> tensors_;
};

}  // namespace

TEST_CASE("ResNeSt computes split attention, pooled strides and shortcuts as its authors do") {
  ResNetConfig config;
  config.layers = {1, 1};
  config.resolution = 18;  // the second block halves 5 x 5
  config.classes = 10;
  config.deep_stem = 8;
  config.average_shortcut = true;
  config.radix = 2;
  NetworkModule module(resnet(config), 5);
  const at::NoGradGuard no_grad;
  module->train();
  for (int i = 0; i < 3; ++i)
    module->forward(noise({8, 3, 18, 18}, 6 + i));  // moves the statistics
  module->eval();
  const at::Tensor x = noise({2, 3, 18, 18}, 9);
  const at::Tensor expected = WrittenOutResNeSt(module).forward(x);
  CHECK(difference(module->forward(x).view({2, 10}), expected) <
        1e-5 * expected.abs().max().item<double>());
}

TEST_CASE("known networks run as LibTorch modules of their parameters and output shape") {
  // 37 and 75 px have odd sides where a stride or a pool halves them.
  const auto [name, resolution] =
      GENERATE(table<const char*, int>({{"efficientnet_b0", 37},
                                        {"efficientnet_b0_s2d", 37},
                                        {"efficientnet_b0_s2d_fused", 32},
                                        {"efficientnet_x_b0_tpu", 75},
                                        {"efficientnet_x_b1_gpu_released", 32},
                                        {"resnet18", 37},
                                        {"resnet26d", 75},
                                        {"resnet50", 37},
                                        {"wide_resnet50_2", 32},
                                        {"resnext50_32x4d", 37},
                                        {"seresnet18", 37},
                                        {"seresnext50_32x4d", 32},
                                        {"resnest14d", 75},
                                        {"resnest50d", 37},
                                        {"resnest101e", 32},
                                        {"regnetx_002", 37},
                                        {"regnety_002", 37},
                                        {"regnety_008", 75},
                                        {"densenet121", 75}}));
  check_module(load_network(name, resolution));
}

TEST_CASE(
    "a VGG of one stage runs as a LibTorch module, on images larger than it was made for too") {
  // The published ones have over 130 million parameters and take 224 px at least.
  VggConfig config;
  config.classes = 10;
  config.layers = {1};
  config.resolution = 18;
  for (const bool batch_norm : {false, true}) {
    config.batch_norm = batch_norm;
    check_module(vgg(config));
  }
}
