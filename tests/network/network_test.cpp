#include "network/network.h"

#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using test::error_of;

namespace {

/// The output shape of one operator on inputs of the given shape.
Shape shape_of(const Operator& op, const Shape& input) {
  NetworkBuilder builder("n", input);
  return builder.shape(builder.add("node", op, {0}));
}

}  // namespace

TEST_CASE("a convolution sets the channels and shrinks each axis by its own kernel") {
  CHECK(shape_of(Conv2d{.out_channels = 32, .kernel_h = 3, .kernel_w = 3, .stride = 2},
                 {3, 224, 224}) == Shape{32, 112, 112, 1});
  CHECK(shape_of(Conv2d{.out_channels = 32, .kernel_h = 3, .kernel_w = 3, .stride = 2},
                 {3, 225, 97}) == Shape{32, 113, 49, 1});
  CHECK(
      shape_of(Conv2d{.out_channels = 8, .kernel_h = 1, .kernel_w = 7, .padding = Padding::valid()},
               {4, 17, 17}) == Shape{8, 17, 11, 1});
  CHECK(shape_of(
            Conv2d{.out_channels = 8, .kernel_h = 7, .kernel_w = 1, .padding = Padding::of(3, 0)},
            {4, 17, 17}) == Shape{8, 17, 17, 1});
  CHECK(shape_of(Conv2d{.out_channels = 12, .kernel_h = 3, .kernel_w = 3, .groups = 6},
                 {6, 5, 5}) == Shape{12, 5, 5, 1});
  CHECK(shape_of(Conv2d{.out_channels = 27,
                        .kernel_h = 3,
                        .kernel_w = 3,
                        .stride = 3,
                        .init = WeightInit::kSpaceToDepth},
                 {3, 9, 10}) == Shape{27, 3, 4, 1});
}

TEST_CASE("pools keep the channels and follow their padding and ceil mode") {
  using Kind = Pool::Kind;
  CHECK(shape_of(Pool{Kind::kMax, 3, 2, Padding::of(1, 1)}, {64, 112, 112}) ==
        Shape{64, 56, 56, 1});
  CHECK(shape_of(Pool{Kind::kMax, 3, 2, Padding::of(1, 1), true}, {64, 112, 112}) ==
        Shape{64, 57, 57, 1});
  CHECK(shape_of(Pool{Kind::kAverage, 3, 1}, {8, 35, 35}) == Shape{8, 35, 35, 1});
  CHECK(shape_of(Pool{Kind::kAverage, 2, 2}, {8, 7, 6}) == Shape{8, 4, 3, 1});
  CHECK(shape_of(Pool{Kind::kAverage, 2, 2, Padding::valid()}, {8, 7, 6}) == Shape{8, 3, 3, 1});
  CHECK(shape_of(GlobalAveragePool{}, {320, 7, 9}) == Shape{320, 1, 1, 1});
  CHECK(shape_of(GlobalAveragePool{}, {320, 1, 1}) == Shape{320, 1, 1, 1});
}

TEST_CASE("operators on single values keep the shape") {
  const Shape shape{6, 5, 4, 1};
  CHECK(shape_of(BatchNorm{}, shape) == shape);
  CHECK(shape_of(Activation{ActivationKind::kSwish}, shape) == shape);
  CHECK(shape_of(Dropout{0.5}, shape) == shape);
  CHECK(shape_of(DropConnect{0.5}, shape) == shape);
  CHECK(shape_of(SplitSoftmax{3}, shape) == shape);
  CHECK(shape_of(Slice{2, 3}, shape) == Shape{3, 5, 4, 1});
  CHECK(shape_of(Linear{10}, {320, 1, 1}) == Shape{10, 1, 1, 1});
}

TEST_CASE("operators on several values: sum, gate, and channels side by side") {
  NetworkBuilder b("n", {6, 5, 4});
  const int wide = b.add("wide", Conv2d{.out_channels = 10}, {0});
  const int same = b.add("same", Conv2d{.out_channels = 6}, {0});
  const int gate = b.add("gate", GlobalAveragePool{}, {0});
  CHECK(b.shape(b.add("sum", Add{}, {0, same, 0})) == Shape{6, 5, 4, 1});
  CHECK(b.shape(b.add("gated", Multiply{}, {0, gate})) == Shape{6, 5, 4, 1});
  CHECK(b.shape(b.add("product", Multiply{}, {0, same})) == Shape{6, 5, 4, 1});
  CHECK(b.shape(b.add("beside", Concat{}, {0, wide, same})) == Shape{22, 5, 4, 1});
}

TEST_CASE("space-to-batch rounds odd sides up, batch-to-space crops them back") {
  NetworkBuilder b("n", {4, 7, 8});
  const int many = b.add("to_batch", SpaceToBatch{2}, {0});
  CHECK(b.shape(many) == Shape{4, 4, 4, 4});
  const int half =
      b.add("conv", Conv2d{.out_channels = 6, .kernel_h = 3, .kernel_w = 3, .stride = 2}, {many});
  CHECK(b.shape(half) == Shape{6, 2, 2, 4});
  CHECK(b.shape(b.add("pool", GlobalAveragePool{}, {half})) == Shape{6, 1, 1, 4});
  CHECK(b.shape(b.add("back", BatchToSpace{2, 4, 4}, {half})) == Shape{6, 4, 4, 1});
  CHECK(b.shape(b.add("cropped", BatchToSpace{2, 7, 8}, {many})) == Shape{4, 7, 8, 1});
  CHECK(b.shape(b.add("three", SpaceToBatch{3}, {0})) == Shape{4, 3, 3, 9});
}

TEST_CASE("the compounds add nodes named after them, in order") {
  NetworkBuilder b("n", {8, 6, 6});
  const int x = b.conv_bn_act("stem", 0, {.out_channels = 16}, {}, ActivationKind::kSwish);
  const int y = b.squeeze_excite("se", x, 4, ActivationKind::kRelu);
  CHECK(b.shape(y) == Shape{16, 6, 6, 1});
  const Network network = std::move(b).build();
  std::vector<std::string> names;
  for (const auto& node : network.nodes()) names.push_back(node.name);
  CHECK(names == std::vector<std::string>{"input", "stem.conv", "stem.bn", "stem.act", "se.pool",
                                          "se.reduce", "se.act", "se.expand", "se.gate",
                                          "se.scale"});
  CHECK(network.node(5).shape == Shape{4, 1, 1, 1});
  CHECK(network.node(7).shape == Shape{16, 1, 1, 1});
  CHECK(std::get<Activation>(network.node(6).op).kind == ActivationKind::kRelu);
  CHECK(std::get<Activation>(network.node(8).op).kind == ActivationKind::kSigmoid);
  REQUIRE(network.node(9).inputs.size() == 2);
  CHECK(network.node(9).inputs[0] == 3);
  CHECK(network.node(9).inputs[1] == 8);
  CHECK(network.name() == "n");
  CHECK(network.input_shape() == Shape{8, 6, 6, 1});
  CHECK(network.output_shape() == Shape{16, 6, 6, 1});
}

TEST_CASE("shapes and operators have short texts") {
  CHECK(to_string(Shape{3, 224, 200, 1}) == "3x224x200");
  CHECK(to_string(Shape{3, 56, 56, 4}) == "4*3x56x56");
  CHECK(describe(Conv2d{.out_channels = 8, .kernel_h = 1, .kernel_w = 7}) == "conv 1x7");
  CHECK(
      describe(Conv2d{.out_channels = 8, .kernel_h = 5, .kernel_w = 5, .stride = 2, .groups = 8}) ==
      "depthwise 5x5/2");
  CHECK(describe(Conv2d{.out_channels = 8, .groups = 2}) == "conv g2 1x1");
  CHECK(describe(Pool{Pool::Kind::kAverage, 2, 2}) == "average pool 2x2/2");
  CHECK(describe(Activation{ActivationKind::kSwish}) == "swish");
  CHECK(describe(SpaceToBatch{2}) == "space to batch 2");
}

TEST_CASE("a node keeps its inputs in order, few or many, also when it is copied or moved") {
  for (const size_t count : {0u, 1u, 2u, 3u, 9u}) {
    std::vector<int> indices;
    for (size_t i = 0; i < count; ++i) indices.push_back(static_cast<int>(100 - i));
    const NodeInputs made = indices;
    NodeInputs copy = made;
    const NodeInputs moved = std::move(copy);
    for (const NodeInputs& inputs : {made, moved}) {
      REQUIRE(inputs.size() == count);
      CHECK(inputs.empty() == (count == 0));
      CHECK(std::vector<int>(inputs.begin(), inputs.end()) == indices);
      for (size_t i = 0; i < count; ++i) CHECK(inputs[i] == indices[i]);
    }
  }
}
