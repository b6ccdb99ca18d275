#include "network/cost.h"

#include "tests/catch.h"

using namespace ridgeline;

namespace {

OperatorCost cost_of(const Operator& op, const Shape& input) {
  NetworkBuilder builder("n", input);
  builder.add("node", op, {0});
  return cost(std::move(builder).build(), 1);
}

}  // namespace

TEST_CASE("a convolution costs its weights once per output cell") {
  const auto stem =
      cost_of(Conv2d{.out_channels = 32, .kernel_h = 3, .kernel_w = 3, .stride = 2}, {3, 224, 224});
  CHECK(stem.params == 3 * 32 * 9);
  CHECK(stem.madds == 3 * 32 * 9 * 112 * 112);
  CHECK(stem.weight_elements == 864);
  CHECK(stem.input_elements == 3 * 224 * 224);
  CHECK(stem.output_elements == 32 * 112 * 112);
  CHECK(stem.buffer_elements == 0);
  CHECK(stem.traffic_elements() == 864 + 150528 + 401408);
}

TEST_CASE("a bias is a parameter per output channel and no multiply-add") {
  const auto c = cost_of(Conv2d{.out_channels = 4, .bias = true}, {10, 1, 1});
  CHECK(c.params == 44);
  CHECK(c.madds == 40);
}

TEST_CASE("groups divide the weights; depthwise has one filter per channel") {
  const auto grouped =
      cost_of(Conv2d{.out_channels = 12, .kernel_h = 3, .kernel_w = 3, .groups = 2}, {8, 6, 6});
  CHECK(grouped.params == 4 * 12 * 9);
  CHECK(grouped.madds == 4 * 12 * 9 * 36);
  const auto depthwise = cost_of(
      Conv2d{.out_channels = 8, .kernel_h = 5, .kernel_w = 5, .stride = 2, .groups = 8}, {8, 7, 7});
  CHECK(depthwise.params == 8 * 25);
  CHECK(depthwise.madds == 8 * 25 * 16);
  const auto multiplier =
      cost_of(Conv2d{.out_channels = 16, .kernel_h = 3, .kernel_w = 3, .groups = 8}, {8, 4, 4});
  CHECK(multiplier.params == 16 * 9);
}

TEST_CASE("asymmetric kernels cost height times width; padded taps count in full") {
  const auto row = cost_of(Conv2d{.out_channels = 5, .kernel_h = 1, .kernel_w = 7}, {2, 3, 3});
  CHECK(row.params == 2 * 5 * 7);
  CHECK(row.madds == 2 * 5 * 7 * 9);
  const auto valid =
      cost_of(Conv2d{.out_channels = 5, .kernel_h = 3, .kernel_w = 1, .padding = Padding::valid()},
              {2, 3, 3});
  CHECK(valid.madds == 2 * 5 * 3 * 3);
}

TEST_CASE("a linear layer costs inputs times outputs") {
  const auto with = cost_of(Linear{1000, true}, {1280, 1, 1});
  CHECK(with.params == 1281000);
  CHECK(with.madds == 1280000);
  CHECK(cost_of(Linear{1000, false}, {1280, 1, 1}).params == 1280000);
}

TEST_CASE("batch norm has scale and shift to train, mean and variance to keep") {
  const auto bn = cost_of(BatchNorm{}, {32, 5, 5});
  CHECK(bn.params == 64);
  CHECK(bn.buffer_elements == 64);
  CHECK(bn.weight_elements == 128);
  CHECK(bn.madds == 0);
  CHECK(bn.input_elements == 800);
  CHECK(bn.output_elements == 800);
}

TEST_CASE("operators without weights only move their inputs and output") {
  NetworkBuilder b("n", {6, 4, 4});
  const int gate = b.add("gate", GlobalAveragePool{}, {0});
  const int product = b.add("product", Multiply{}, {0, gate});
  const int beside = b.add("beside", Concat{}, {0, product, 0});
  b.add("cut", Slice{1, 2}, {beside});
  const Network network = std::move(b).build();
  const auto check = [&](int node, int64_t in, int64_t out) {
    const auto c = cost(network, node);
    CHECK(c.input_elements == in);
    CHECK(c.output_elements == out);
    CHECK(c.params + c.madds + c.weight_elements + c.buffer_elements == 0);
  };
  check(0, 0, 0);
  check(gate, 96, 6);
  check(product, 96 + 6, 96);
  check(beside, 3 * 96, 288);
  check(4, 288, 32);
}

TEST_CASE("between space-to-batch and batch-to-space all images of the batch count") {
  NetworkBuilder b("n", {4, 7, 7});
  const int many = b.add("many", SpaceToBatch{2}, {0});  // 4 images of 4 x 4 x 4
  const int conv = b.add("conv", Conv2d{.out_channels = 6}, {many});
  b.add("back", BatchToSpace{2, 7, 7}, {conv});
  const Network network = std::move(b).build();
  CHECK(cost(network, many).input_elements == 196);
  CHECK(cost(network, many).output_elements == 256);
  CHECK(cost(network, conv).params == 24);
  CHECK(cost(network, conv).madds == 24 * 16 * 4);
  CHECK(cost(network, conv).output_elements == 6 * 16 * 4);
  CHECK(cost(network, 3).output_elements == 6 * 49);
}

TEST_CASE("squeeze-and-excite and the totals of a small network, by hand") {
  NetworkBuilder b("n", {8, 4, 4});
  const int x = b.squeeze_excite("se", 0, 2, ActivationKind::kRelu);
  const int pooled = b.add("pool", GlobalAveragePool{}, {x});
  b.add("classifier", Linear{10, true}, {pooled});
  const Network network = std::move(b).build();
  const NetworkCost c = cost(network);
  REQUIRE(c.nodes.size() == 9);
  CHECK(c.total.params == (8 * 2 + 2) + (2 * 8 + 8) + (8 * 10 + 10));
  CHECK(c.total.madds == 16 + 16 + 80);
  CHECK(c.total.weight_elements == c.total.params);
  // pool, reduce, act, expand, gate, scale, pool, classifier
  CHECK(c.total.input_elements == 128 + 8 + 2 + 2 + 8 + (128 + 8) + 128 + 8);
  CHECK(c.total.output_elements == 8 + 2 + 2 + 8 + 8 + 128 + 8 + 10);
}

TEST_CASE("operational intensity is FLOPs over bytes, with weights read once per batch") {
  NetworkBuilder b("n", {64, 1, 1});
  b.add("classifier", Linear{32, false}, {0});
  const NetworkCost c = cost(std::move(b).build());
  // W = 2 x 64 x 32 x batch; Q = (64 x 32 + (64 + 32) x batch) x bytes.
  CHECK(c.operational_intensity(4, 1) == Approx(4096.0 / ((2048 + 96) * 4)));
  CHECK(c.operational_intensity(2, 1) == Approx(4096.0 / ((2048 + 96) * 2)));
  CHECK(c.operational_intensity(2, 128) == Approx(4096.0 * 128 / ((2048 + 96 * 128) * 2)));
}
