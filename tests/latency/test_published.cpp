#include "latency/roofline.h"
#include "latency/whole_network.h"
#include "search_space/architecture.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

// Tables 3 and 4 of the EfficientNet-X paper, batch 128. The effective constants were fitted on
// these (and two dozen other) rows, so the bands say that formulas, constants and networks fit
// together, no more.

namespace {

Architecture named(const std::string& name) {
  return load_architecture(source_folder() / "configs/architectures" / (name + ".yaml"));
}

Architecture with_activation(Architecture architecture, ActivationKind kind) {
  architecture.stem.activation = architecture.head.activation = kind;
  for (Stage& stage : architecture.stages) stage.activation = kind;
  return architecture;
}

double ms(const std::string& hardware, const Architecture& architecture) {
  return RooflineOracle(load_hardware(hardware), 128).estimate(lower(architecture)).ms;
}

}  // namespace

TEST_CASE("EfficientNet-B0 and X-B0 come within a tenth of the published latencies") {
  CHECK(ms("v100", named("efficientnet_b0")) == Approx(38.1).epsilon(0.1));
  CHECK(ms("v100", named("efficientnet_x_b0_gpu")) == Approx(22.5).epsilon(0.1));
  CHECK(ms("tpu_v3", named("efficientnet_b0")) == Approx(13.4).epsilon(0.1));
  CHECK(ms("tpu_v3", named("efficientnet_x_b0_tpu")) == Approx(8.71).epsilon(0.1));
}

TEST_CASE("each step of Table 4 from B0 to X-B0 is faster on both devices") {
  for (const std::string hardware : {"v100", "tpu_v3"}) {
    CAPTURE(hardware);
    const Architecture x =
        named(hardware == "v100" ? "efficientnet_x_b0_gpu" : "efficientnet_x_b0_tpu");
    const Architecture fused = with_activation(x, ActivationKind::kSwish);
    Architecture space_to_depth = fused;
    for (Stage& stage : space_to_depth.stages) stage.op = BlockOperator::kMbConv;
    const double steps[] = {ms(hardware, named("efficientnet_b0")), ms(hardware, space_to_depth),
                            ms(hardware, fused), ms(hardware, x)};
    CHECK(steps[0] > steps[1]);
    CHECK(steps[1] > steps[2]);
    CHECK(steps[2] > steps[3]);
  }
}

TEST_CASE("swish costs over a fifth of B0 on the V100, and on the TPU only outside fused stages") {
  const Architecture b0 = named("efficientnet_b0");
  const double swish = ms("v100", b0);
  CHECK(swish - ms("v100", with_activation(b0, ActivationKind::kRelu)) > 0.2 * swish);

  Architecture x = named("efficientnet_x_b0_tpu");
  const double base = ms("tpu_v3", x);
  const auto cost_of_swish = [&](size_t stage) {
    Architecture other = x;
    const bool was_swish = x.stages[stage].activation == ActivationKind::kSwish;
    other.stages[stage].activation = was_swish ? ActivationKind::kRelu : ActivationKind::kSwish;
    return std::abs(ms("tpu_v3", other) - base);
  };
  for (const size_t fused_stage : {1, 2}) CHECK(cost_of_swish(fused_stage) < 0.03 * base);
  for (const size_t depthwise_stage : {3, 4, 5})
    CHECK(cost_of_swish(depthwise_stage) > 0.03 * base);
}

TEST_CASE("X gains more than EfficientNet from TPUv2 to TPUv3") {
  const double x_gain =
      ms("tpu_v2", named("efficientnet_x_b0_tpu")) / ms("tpu_v3", named("efficientnet_x_b0_tpu"));
  const double b0_gain =
      ms("tpu_v2", named("efficientnet_b0")) / ms("tpu_v3", named("efficientnet_b0"));
  CHECK(b0_gain > 1.2);
  CHECK(x_gain > 1.2 * b0_gain);
}

TEST_CASE("operational intensity on the TPU lies near column I of Table 3") {
  const WholeNetworkOracle oracle(load_hardware("tpu_v3"), 128);
  const double b0 = oracle.estimate(lower(named("efficientnet_b0"))).intensity;
  const double x = oracle.estimate(lower(named("efficientnet_x_b0_tpu"))).intensity;
  CHECK(b0 == Approx(19.7).epsilon(0.2));
  CHECK(x == Approx(63.8).epsilon(0.2));
}
