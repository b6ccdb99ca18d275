#include "latency/fusing.h"

#include "latency/roofline.h"
#include "tests/catch.h"
#include "tests/latency/devices.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

SoftwarePolicy policy(bool bn, bool relu, bool swish) {
  return {.fold_batch_norm = bn, .fuse_relu = relu, .fuse_swish = swish};
}

Network conv_bn_act(ActivationKind act, int64_t groups = 1) {
  NetworkBuilder builder("block", {32, 14, 14});
  builder.conv_bn_act("block", builder.input(),
                      {.out_channels = 32, .kernel_h = 3, .kernel_w = 3, .groups = groups},
                      BatchNorm{}, act);
  return std::move(builder).build();
}

}  // namespace

TEST_CASE(
    "batch norm and activation run in the kernel of their convolution where the policy says so") {
  const Network swish = conv_bn_act(ActivationKind::kSwish);
  auto fused = fuse(swish, policy(true, true, true));
  CHECK(fused[0].kernel == -1);
  CHECK(fused[1].kind == KernelKind::kMatrix);
  CHECK(fused[2].kind == KernelKind::kNone);
  CHECK(fused[2].kernel == 1);
  CHECK(fused[3].kernel == 1);

  fused = fuse(swish, policy(true, true, false));
  CHECK(fused[2].kernel == 1);
  CHECK(fused[3].kind == KernelKind::kActivation);
  CHECK(fused[3].kernel == 3);
  CHECK(fuse(conv_bn_act(ActivationKind::kRelu), policy(true, true, false))[3].kernel == 1);

  fused = fuse(swish, policy(false, true, true));
  CHECK(fused[2].kind == KernelKind::kNormalise);
  CHECK(fused[3].kind == KernelKind::kNone);  // in the batch norm's kernel
  CHECK(fused[3].kernel == 2);
  CHECK(fuse(swish, policy(false, true, false))[3].kind == KernelKind::kActivation);
}

TEST_CASE("a value with two readers keeps its own kernel") {
  NetworkBuilder builder("shared", {8, 4, 4});
  const int conv = builder.add("conv", Conv2d{.out_channels = 8}, {builder.input()});
  const int relu = builder.add("relu", Activation{}, {conv});
  builder.add("sum", Add{}, {conv, relu});
  const auto fused = fuse(std::move(builder).build(), policy(true, true, true));
  CHECK(fused[2].kind == KernelKind::kActivation);
  CHECK(fused[2].kernel == 2);
  CHECK(fused[3].kind == KernelKind::kElementwise);
}

TEST_CASE("an activation after an add, and a batch norm after an activation, stand alone") {
  NetworkBuilder builder("alone", {8, 4, 4});
  const int conv = builder.add("conv", Conv2d{.out_channels = 8}, {builder.input()});
  const int relu = builder.add("relu", Activation{}, {conv});
  const int bn = builder.add("bn", BatchNorm{}, {relu});
  const int sum = builder.add("sum", Add{}, {bn, builder.input()});
  builder.add("after", Activation{}, {sum});
  const auto fused = fuse(std::move(builder).build(), policy(true, true, true));
  CHECK(fused[2].kernel == 1);
  CHECK(fused[3].kind == KernelKind::kNormalise);
  CHECK(fused[5].kind == KernelKind::kActivation);
}

TEST_CASE("what does nothing in inference starts no kernel") {
  NetworkBuilder builder("nothing", {8, 4, 4});
  const int conv = builder.add("conv", Conv2d{.out_channels = 8}, {builder.input()});
  const int drop = builder.add("drop", DropConnect{0.2}, {conv});
  const int half = builder.add("half", Slice{0, 4}, {drop});
  builder.add("identity", Activation{ActivationKind::kIdentity}, {half});
  const auto fused = fuse(std::move(builder).build(), policy(true, true, true));
  for (const size_t node : {2, 3, 4}) {
    CHECK(fused[node].kind == KernelKind::kNone);
    CHECK(fused[node].kernel == 1);
  }
}

TEST_CASE("swish after a wide convolution is free on the TPU and costs passes on the V100") {
  // 32 -> 256 channels, 3x3: compute-bound enough to hide the vector work of the TPU.
  const auto ms = [](const std::string& hardware, ActivationKind act) {
    NetworkBuilder builder("block", {64, 28, 28});
    builder.conv_bn_act("block", builder.input(),
                        {.out_channels = 256, .kernel_h = 5, .kernel_w = 5}, BatchNorm{}, act);
    return RooflineOracle(load_hardware(hardware), 128).estimate(std::move(builder).build()).ms;
  };
  CHECK(ms("tpu_v3", ActivationKind::kSwish) == ms("tpu_v3", ActivationKind::kRelu));
  // So many passes over 128 * 256 * 28 * 28 elements of 2 bytes, and one overhead.
  const EffectiveConstants v100 = load_hardware("v100").constants;
  const double swish_ms =
      v100.swish_passes * 128 * 256 * 28 * 28 * 2 / (v100.bandwidth_fraction * 900e9) * 1e3 +
      v100.overhead_us * 1e-3;
  CHECK(ms("v100", ActivationKind::kSwish) - ms("v100", ActivationKind::kRelu) == Approx(swish_ms));
}

TEST_CASE("swish after a depthwise convolution adds its vector time on the TPU") {
  const auto ms = [](ActivationKind act) {
    return RooflineOracle(load_hardware("tpu_v3"), 128).estimate(conv_bn_act(act, 32)).ms;
  };
  const double elements = 128.0 * 32 * 14 * 14;
  const EffectiveConstants tpu = load_hardware("tpu_v3").constants;
  CHECK(ms(ActivationKind::kSwish) - ms(ActivationKind::kIdentity) ==
        Approx(elements * tpu.swish_ps * 1e-9));
  CHECK(ms(ActivationKind::kRelu) - ms(ActivationKind::kIdentity) ==
        Approx(elements * tpu.relu_ps * 1e-9));
}
