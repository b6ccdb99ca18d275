#include "tests/export/networks.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include "tests/support.h"

namespace ridgeline::test {
namespace {

/// Adds pooling and a classifier, and finishes.
Network classified(NetworkBuilder&& builder, int x) {
  x = builder.add("pool", GlobalAveragePool{}, {x});
  builder.add("classifier", Linear{5, true}, {x});
  return std::move(builder).build();
}

/// SAME with odd remainders, VALID, explicit and asymmetric kernels; groups and depthwise; biases.
Network convolutions() {
  NetworkBuilder b("convolutions", {3, 17, 14, 1});
  const BatchNorm bn{1e-2, 0.1};
  int x = b.conv_bn_act("stem", 0, {.out_channels = 8, .kernel_h = 3, .kernel_w = 3, .stride = 2},
                        bn, ActivationKind::kSwish);
  x = b.conv_bn_act("even", x, {.out_channels = 8, .kernel_h = 2, .kernel_w = 2, .groups = 8}, bn,
                    ActivationKind::kRelu);
  x = b.add("wide",
            Conv2d{.out_channels = 12, .kernel_h = 1, .kernel_w = 7, .groups = 4, .bias = true},
            {x});
  x = b.add("explicit",
            Conv2d{.out_channels = 6, .kernel_h = 3, .kernel_w = 1, .padding = Padding::of(2, 1)},
            {x});
  x = b.add("valid",
            Conv2d{.out_channels = 6,
                   .kernel_h = 3,
                   .kernel_w = 3,
                   .padding = Padding::valid(),
                   .bias = true},
            {x});
  x = b.add("sigmoid", Activation{ActivationKind::kSigmoid}, {x});
  x = b.add("identity", Activation{ActivationKind::kIdentity}, {x});
  return classified(std::move(b), x);
}

Network pools() {
  NetworkBuilder b("pools", {4, 15, 12, 1});
  const auto pool = [&](const char* name, Pool::Kind kind, int kernel, int stride, Padding padding,
                        bool ceil, bool count) {
    return b.add(name, Pool{kind, kernel, stride, padding, ceil, count}, {0});
  };
  using enum Pool::Kind;
  const std::vector<int> parts = {
      pool("max_same", kMax, 2, 2, Padding::same(), false, true),
      pool("max_explicit", kMax, 3, 2, Padding::of(1, 1), false, true),
      pool("max_ceil", kMax, 2, 2, Padding::valid(), true, true),
      pool("mean_same", kAverage, 2, 2, Padding::same(), false, true),
      pool("mean_same_uncounted", kAverage, 2, 2, Padding::same(), false, false),
      pool("mean_ceil", kAverage, 2, 2, Padding::valid(), true, true),
      pool("mean_ceil_uncounted", kAverage, 2, 2, Padding::valid(), true, false),
      pool("mean_explicit", kAverage, 3, 2, Padding::of(1, 1), false, true),
      pool("mean_explicit_uncounted", kAverage, 3, 2, Padding::of(1, 1), false, false)};
  int x = b.add("concat", Concat{}, parts);
  x = b.add("mix", Conv2d{.out_channels = 8, .kernel_h = 3, .kernel_w = 3, .bias = true}, {x});
  return classified(std::move(b), x);
}

/// Split attention, slices, sums of three, both shapes of multiply, dropout and drop-connect.
Network branches() {
  NetworkBuilder b("branches", {6, 9, 9, 1});
  const int left = b.add("left", Slice{0, 3}, {0});
  const int right = b.add("right", Slice{3, 3}, {0});
  const int both = b.add("sum", Add{}, {left, right, left});
  int gate = b.add("squeeze", GlobalAveragePool{}, {both});
  gate = b.add("attend", Conv2d{.out_channels = 6, .bias = true}, {gate});
  gate = b.add("softmax", SplitSoftmax{2}, {gate});
  int x = b.add("gated", Multiply{}, {0, gate});
  const int map = b.add("softmax_map", SplitSoftmax{3}, {x});
  x = b.add("product", Multiply{}, {x, map});
  int branch = b.conv_bn("branch", x, {.out_channels = 6, .kernel_h = 3, .kernel_w = 3}, {});
  branch = b.squeeze_excite("branch.se", branch, 2, ActivationKind::kSwish);
  branch = b.add("branch.drop", DropConnect{0.5}, {branch});
  x = b.add("join", Add{}, {x, branch});
  x = b.add("nothing_dropped", Dropout{0.0}, {x});
  int scale = b.add("scale.pool", GlobalAveragePool{}, {x});
  scale = b.add("scale.linear", Linear{6, true}, {scale});
  x = b.add("scale.apply", Multiply{}, {x, scale});
  x = b.add("pool", GlobalAveragePool{}, {x});
  x = b.add("dropout", Dropout{0.3}, {x});
  x = b.add("hidden", Linear{7, false}, {x});
  b.add("classifier", Linear{5, true}, {x});
  return std::move(b).build();
}

/// Sides that the block does not divide, a strided convolution inside, and a trainable
/// space-to-depth.
Network reshapes() {
  NetworkBuilder b("reshapes", {3, 13, 10, 1});
  int x = b.add("to_batch", SpaceToBatch{3}, {0});
  x = b.conv_bn_act("inside", x, {.out_channels = 6, .kernel_h = 3, .kernel_w = 3}, {},
                    ActivationKind::kRelu);
  x = b.add("inside.drop", DropConnect{0.2}, {x});
  x = b.add("to_space", BatchToSpace{3, 13, 10}, {x});
  x = b.add("to_depth",
            Conv2d{.out_channels = 24,
                   .kernel_h = 2,
                   .kernel_w = 2,
                   .stride = 2,
                   .init = WeightInit::kSpaceToDepth},
            {x});
  return classified(std::move(b), x);
}

/// Every activation, and windows moved by a cell.
Network activations() {
  NetworkBuilder b("activations", {3, 9, 8, 1});
  const int wide = b.add("wide", Conv2d{.out_channels = 6, .bias = true}, {0});
  std::vector<int> parts;
  for (const auto kind : {ActivationKind::kIdentity, ActivationKind::kRelu, ActivationKind::kSwish,
                          ActivationKind::kSigmoid, ActivationKind::kRelu6,
                          ActivationKind::kHardSwish, ActivationKind::kHardSigmoid}) {
    const std::string name = "part" + std::to_string(parts.size());
    parts.push_back(b.add(name, Activation{kind}, {wide}));
  }
  const int x = b.add("concat", Concat{}, parts);
  Conv2d half{.out_channels = 8, .stride = 2, .bias = true};
  const int even = b.add("even", half, {x});
  half.padding = Padding::shifted();
  const int odd = b.add("odd", half, {x});
  const int pool =
      b.add("pool_odd", Pool{Pool::Kind::kAverage, 1, 2, Padding::shifted(), false, true}, {x});
  const int both = b.add("both", Concat{}, std::vector<int>{even, odd, pool});
  return classified(std::move(b), both);
}

/// Names that Python cannot spell.
Network awkward_names() {
  NetworkBuilder b("awkward names / 1", {2, 5, 5, 1});
  int x = b.add("group.0", Conv2d{.out_channels = 4, .bias = true}, {0});
  x = b.add("group.1.conv", Conv2d{.out_channels = 4, .kernel_h = 3, .kernel_w = 3}, {x});
  x = b.add("3rd.bn", BatchNorm{}, {x});
  return classified(std::move(b), x);
}

}  // namespace

Architecture small_b0(const std::string& file) {
  Architecture a = load_architecture(source_folder() / "configs" / "architectures" / file);
  a.resolution = 64;
  a.classes = 10;
  return a;
}

std::vector<Network> operator_zoo() {
  return {convolutions(), pools(), branches(), reshapes(), awkward_names(), activations()};
}

NetworkModule stirred(const Network& network, uint64_t seed) {
  NetworkModule module(network, seed);
  auto generator = at::detail::createCPUGenerator(seed);
  const torch::NoGradGuard no_grad;
  for (auto& item : module->named_parameters()) {
    if (item.value().dim() == 1) item.value().uniform_(0.5, 1.5, generator);
  }
  for (auto& item : module->named_buffers()) item.value().uniform_(0.5, 1.5, generator);
  module->eval();
  return module;
}

torch::Tensor random_images(const Network& network, int64_t images, uint64_t seed) {
  const Shape& shape = network.input_shape();
  return at::randn({images, shape.channels, shape.height, shape.width},
                   at::detail::createCPUGenerator(seed));
}

}  // namespace ridgeline::test
