#include <algorithm>

#include "network/cost.h"
#include "search_space/architecture.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using test::source_folder;

namespace {

Architecture shipped(const std::string& name) {
  return load_architecture(source_folder() / "configs/architectures" / (name + ".yaml"));
}

Shape shape_of(const Network& network, const std::string& name) {
  for (const auto& node : network.nodes()) {
    if (node.name == name) return node.shape;
  }
  FAIL("no node " << name);
  return {};
}

bool has(const Network& network, const std::string& name) {
  return std::any_of(network.nodes().begin(), network.nodes().end(),
                     [&](const Node& node) { return node.name == name; });
}

}  // namespace

TEST_CASE(
    "the shipped architectures have the published parameters and multiply-adds, to the unit") {
  const auto b0 = cost(lower(shipped("efficientnet_b0"))).total;
  CHECK(b0.params == 5288548);
  CHECK(b0.params + b0.buffer_elements == 5330564);
  CHECK(b0.madds == 385814752);
  for (const auto* name : {"efficientnet_x_b0_tpu", "efficientnet_x_b0_gpu"}) {
    const auto x = cost(lower(shipped(name))).total;
    CHECK(x.params == 7584104);
    CHECK(x.madds == 920421088);
  }
}

TEST_CASE("Table 4: space-to-depth alone, squeeze-and-excite at 1.0 of the input") {
  Architecture a = shipped("efficientnet_x_b0_gpu");
  for (auto& stage : a.stages) stage.op = BlockOperator::kMbConv;
  const auto total = cost(lower(a)).total;
  CHECK(total.params == 7206968);
  CHECK(total.madds == 456343264);
}

TEST_CASE(
    "space-to-depth at stride 1 keeps its stage in the depth domain until a stride gives back") {
  const Network x = lower(shipped("efficientnet_x_b0_gpu"));
  CHECK(shape_of(x, "stage1.space_to_depth.conv") == Shape{128, 56, 56, 1});
  CHECK(shape_of(x, "stage1.block0.depthwise.conv") == Shape{128, 56, 56, 1});
  CHECK(shape_of(x, "stage1.block0.project.conv") == Shape{64, 56, 56, 1});
  CHECK(shape_of(x, "stage2.block0.fused.conv") == Shape{96, 56, 56, 1});
  CHECK(shape_of(x, "stage2.block0.project.conv") == Shape{24, 56, 56, 1});
  CHECK(shape_of(x, "stage7.block0.project.conv") == Shape{320, 7, 7, 1});
  CHECK_FALSE(has(x, "stage2.block0.add"));
  CHECK(has(x, "stage2.block1.add"));
}

TEST_CASE("space-to-depth in a stage of its own stride replaces that stride") {
  Architecture a = shipped("efficientnet_b0");
  a.stages[1].reshape = Reshape::kSpaceToDepth;
  const Network n = lower(a);
  CHECK(shape_of(n, "stage2.space_to_depth.conv") == Shape{64, 56, 56, 1});
  CHECK(shape_of(n, "stage2.block0.expand.conv") == Shape{96, 56, 56, 1});
  CHECK(shape_of(n, "stage2.block1.add") == Shape{24, 56, 56, 1});
  CHECK(shape_of(n, "stage3.block0.project.conv") == Shape{40, 28, 28, 1});
}

TEST_CASE(
    "space-to-batch holds for one stage and leaves parameters, multiply-adds and shapes as they "
    "were") {
  const Architecture plain = shipped("efficientnet_b0");
  Architecture reshaped = plain;
  reshaped.stages[2].reshape = Reshape::kSpaceToBatch;
  const Network n = lower(reshaped);
  CHECK(shape_of(n, "stage3.space_to_batch") == Shape{24, 28, 28, 4});
  CHECK(shape_of(n, "stage3.block0.depthwise.conv") == Shape{144, 14, 14, 4});
  CHECK(shape_of(n, "stage3.batch_to_space") == Shape{40, 28, 28, 1});
  CHECK(cost(n).total.params == cost(lower(plain)).total.params);
  // All but squeeze-and-excite, which now works on four quarter images, costs the same.
  const int64_t se_once = 144 * 6 * 2 + 240 * 10 * 2;
  CHECK(cost(n).total.madds == cost(lower(plain)).total.madds + 3 * se_once);
}

TEST_CASE("space-to-batch of an odd side crops back to the side it would have had") {
  Architecture a = shipped("efficientnet_b0");
  a.resolution = 240;  // sides 120, 60, 30, 15, 8
  a.stages[4].reshape = Reshape::kSpaceToBatch;
  a.stages[5].reshape = Reshape::kSpaceToBatch;
  const Network n = lower(a);
  CHECK(shape_of(n, "stage5.space_to_batch") == Shape{80, 8, 8, 4});
  CHECK(shape_of(n, "stage5.batch_to_space") == Shape{112, 15, 15, 1});
  CHECK(shape_of(n, "stage6.batch_to_space") == Shape{192, 8, 8, 1});
}

TEST_CASE("skip connections appear where a layer keeps its shape and the stage wants them") {
  Architecture a = shipped("efficientnet_b0");
  CHECK(has(lower(a), "stage2.block1.add"));
  CHECK_FALSE(has(lower(a), "stage2.block0.add"));
  a.stages[1].skip = false;
  CHECK_FALSE(has(lower(a), "stage2.block1.add"));
  a.stages[0].filters = 32;  // stage 1 now keeps the stem's 32 channels at stride 1
  CHECK(has(lower(a), "stage1.block0.add"));
  CHECK(skip_matters(a, 0));
  a.stages[0].filters = 16;
  CHECK_FALSE(skip_matters(a, 0));
}

TEST_CASE("drop-connect grows linearly from zero with the block index") {
  const Network n = lower(shipped("efficientnet_b0"));
  double last = 0;
  for (const auto& node : n.nodes()) {
    if (const auto* drop = std::get_if<DropConnect>(&node.op)) {
      CHECK(drop->rate > last);
      last = drop->rate;
    }
  }
  CHECK(last == Approx(0.2 * 14 / 16));  // the last block with a skip is block 14 of 16
}

TEST_CASE("no squeeze-and-excite, no head convolution, no layers: the parts are left out") {
  Architecture a = shipped("efficientnet_b0");
  a.stages[6].layers = 0;
  a.stages[5].se_ratio = 0;
  a.head.filters = 0;
  const Network n = lower(a);
  CHECK_FALSE(has(n, "stage7.block0.project.conv"));
  CHECK_FALSE(has(n, "stage6.block0.se.pool"));
  CHECK_FALSE(has(n, "head.conv"));
  CHECK(shape_of(n, "head.pool").channels == 192);
}

TEST_CASE("a resolution below the product of the strides is refused") {
  Architecture a = shipped("efficientnet_b0");
  a.resolution = 31;
  CHECK(test::error_of([&] { lower(a); }) ==
        "architecture EfficientNet-B0: the resolution 31 is too small for its strides; valid: at "
        "least 32");
}
