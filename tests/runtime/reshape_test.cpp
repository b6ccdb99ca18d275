#include <ATen/ATen.h>

#include "core/config_path.h"
#include "runtime/device.h"
#include "runtime/network_module.h"
#include "tests/catch.h"
#include "tests/runtime/networks.h"

using namespace ridgeline;
using namespace ridgeline::test;

TEST_CASE("a space-to-depth convolution starts as the exact reshape, bit for bit") {
  const at::NoGradGuard no_grad;
  for (const int n : {2, 3}) {
    constexpr int64_t kChannels = 5;
    const Network network = single(Conv2d{.out_channels = kChannels * n * n,
                                          .kernel_h = n,
                                          .kernel_w = n,
                                          .stride = n,
                                          .init = WeightInit::kSpaceToDepth},
                                   {kChannels, 12, 6});
    const at::Tensor x = noise({2, kChannels, 12, 6}, 3);
    at::Tensor expected = at::empty({2, kChannels * n * n, 12 / n, 6 / n});
    for (int64_t c = 0; c < kChannels; ++c) {
      for (int row = 0; row < n; ++row) {
        for (int col = 0; col < n; ++col) {
          expected.select(1, c * n * n + row * n + col)
              .copy_(x.select(1, c).slice(1, row, 12, n).slice(2, col, 6, n));
        }
      }
    }
    CHECK(same_bits(infer(network, x), expected));
    NetworkModule module(network, 1);  // and in the layout in which networks run
    place(*module, at::kCPU);
    CHECK(same_bits(module->forward(place(x, at::kCPU)).reshape(expected.sizes()), expected));
  }
}

TEST_CASE("a space-to-depth convolution is trainable") {
  NetworkModule module(single(Conv2d{.out_channels = 8,
                                     .kernel_h = 2,
                                     .kernel_w = 2,
                                     .stride = 2,
                                     .init = WeightInit::kSpaceToDepth},
                              {2, 4, 4}),
                       1);
  module->forward(noise({1, 2, 4, 4}, 1)).square().sum().backward();
  const at::Tensor gradient = module->named_parameters()["node.weight"].grad();
  CHECK((gradient != 0).all().item<bool>());
}

TEST_CASE("space-to-batch takes every n-th cell, blocks before images, and pads with zeros") {
  const at::Tensor x = noise({2, 3, 5, 4}, 6);
  const at::Tensor y = infer(single(SpaceToBatch{2}, {3, 5, 4}), x);
  REQUIRE(y.sizes() == at::IntArrayRef({8, 3, 3, 2}));
  const at::Tensor padded = at::constant_pad_nd(x, {0, 0, 0, 1});
  for (int64_t row = 0; row < 2; ++row) {
    for (int64_t col = 0; col < 2; ++col) {
      for (int64_t image = 0; image < 2; ++image) {
        CHECK(same_bits(y[(row * 2 + col) * 2 + image],
                        padded[image].slice(1, row, 6, 2).slice(2, col, 4, 2)));
      }
    }
  }
}

TEST_CASE("batch-to-space undoes space-to-batch, also where sides are no multiples of the block") {
  for (const int block : {2, 3}) {
    for (const Shape shape : {Shape{3, 6, 6}, Shape{3, 7, 5}, Shape{2, 1, 9}, Shape{1, 4, 7}}) {
      NetworkBuilder b("n", shape);
      const int many = b.add("many", SpaceToBatch{block}, {0});
      b.add("back", BatchToSpace{block, shape.height, shape.width}, {many});
      const at::Tensor x = noise({3, shape.channels, shape.height, shape.width}, 8);
      const Network network = std::move(b).build();
      INFO(block << " " << to_string(shape));
      CHECK(same_bits(infer(network, x), x));
      const at::Tensor placed = place(x, at::kCPU);
      CHECK(same_bits(infer(network, placed), x));
    }
  }
}

TEST_CASE("1x1 convolutions do not see that space went to the batch") {
  const at::NoGradGuard no_grad;
  const auto stage = [](bool wrapped) {
    NetworkBuilder b("n", {4, 7, 6});
    int x = wrapped ? b.add("many", SpaceToBatch{2}, {0}) : 0;
    x = b.conv_bn_act("a", x, {.out_channels = 8}, {}, ActivationKind::kSwish);
    x = b.add("b", Conv2d{.out_channels = 5, .bias = true}, {x});
    if (wrapped) b.add("back", BatchToSpace{2, 7, 6}, {x});
    return std::move(b).build();
  };
  const at::Tensor x = noise({3, 4, 7, 6}, 2);
  CHECK(difference(infer(stage(true), x), infer(stage(false), x)) < 1e-5);
}

TEST_CASE("a space-to-batch stage with a stride ends at the shape of the plain stage") {
  Architecture a = small_architecture();
  a.resolution = 30;  // 15 after the stem
  Stage& stage = a.stages[0];
  stage.stride = 2;
  stage.reshape = Reshape::kNone;
  const Network plain = lower(a);
  stage.reshape = Reshape::kSpaceToBatch;
  const Network reshaped = lower(a);
  const auto shape = [](const Network& network, const std::string& name) {
    for (const auto& node : network.nodes()) {
      if (node.name == name) return node.shape;
    }
    FAIL("no node " << name);
    return Shape{};
  };
  CHECK(shape(reshaped, "stage1.batch_to_space") == shape(plain, "stage1.block1.add"));
  CHECK(infer(reshaped, noise({2, 3, 30, 30}, 1)).sizes() == at::IntArrayRef({2, 5, 1, 1}));
}

TEST_CASE("a module that takes another input size computes what a module made for it does") {
  // Odd and even sides pad SAME convolutions differently.
  const auto network_at = [](int resolution) {
    Architecture a = load_architecture(find_config("architectures", "efficientnet_b0"));
    a.classes = 5;
    a.resolution = resolution;
    a.stages[2].reshape = Reshape::kSpaceToBatch;
    return lower(a);
  };
  const at::NoGradGuard no_gradients;
  NetworkModule module(network_at(64), 3), expected(network_at(75), 3);
  module->reshape(network_at(75));
  module->eval();
  expected->eval();
  const at::Tensor images = at::rand({2, 3, 75, 75});
  CHECK(module->forward(images).equal(expected->forward(images)));
  CHECK(module->network().input_shape().height == 75);

  Architecture other = load_architecture(find_config("architectures", "efficientnet_b0"));
  other.classes = 6;
  CHECK_THROWS_WITH(module->reshape(lower(other)), Catch::Contains("differs"));
  CHECK(module->network().input_shape().height == 75);
}
