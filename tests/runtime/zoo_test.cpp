#include "network/cost.h"
#include "network/vgg.h"
#include "runtime/network_module.h"
#include "tests/catch.h"
#include "tests/runtime/networks.h"
#include "zoo/known_networks.h"

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

}  // namespace

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
