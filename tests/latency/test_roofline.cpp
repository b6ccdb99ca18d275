#include "latency/roofline.h"

#include "tests/catch.h"
#include "tests/latency/devices.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

double total_ms(const Hardware& hardware, const Network& network, int batch = 1) {
  return RooflineOracle(hardware, batch).estimate(network).ms;
}

Network elementwise_network() {
  NetworkBuilder builder("elementwise", {4, 10, 10});
  const int relu = builder.add("relu", Activation{ActivationKind::kRelu}, {builder.input()});
  const int swish = builder.add("swish", Activation{ActivationKind::kSwish}, {relu});
  const int sum = builder.add("sum", Add{}, {relu, swish});
  builder.add("pool", GlobalAveragePool{}, {sum});
  return std::move(builder).build();
}

}  // namespace

TEST_CASE("a compute-bound convolution costs W over C by hand") {
  // W = 2 * (3*3*64*128) * 16*16 * 2 images = 75,497,472 FLOP; Q = (2*(64+128)*256 + 73,728) * 4
  // bytes.
  const Network network = one_conv(64, 16, {.out_channels = 128, .kernel_h = 3, .kernel_w = 3});
  const Latency latency = RooflineOracle(plain_device(), 2).estimate(network);
  const OperatorLatency& conv = latency.operators[1];
  CHECK(conv.flops == 75497472);
  CHECK(conv.bytes == 688128);
  CHECK(conv.bound == Bound::kCompute);
  CHECK(conv.ms == Approx(75497472 / 1e12 * 1e3));
  CHECK(conv.intensity == Approx(75497472.0 / 688128));
  CHECK(conv.efficiency == Approx(1));
  CHECK(latency.ms == Approx(conv.ms));
  CHECK(latency.operators[0].ms == 0);
}

TEST_CASE("a memory-bound convolution costs Q over b by hand") {
  // 1x1, 8 -> 8 channels on 10x10: Q = (800 + 800 + 64) * 4 = 6,656 bytes, W = 12,800 FLOP.
  const Latency latency =
      RooflineOracle(plain_device(), 1).estimate(one_conv(8, 10, {.out_channels = 8}));
  CHECK(latency.operators[1].bytes == 6656);
  CHECK(latency.operators[1].flops == 12800);
  CHECK(latency.operators[1].bound == Bound::kMemory);
  CHECK(latency.ms == Approx(6656 / 10e9 * 1e3));
}

TEST_CASE("precision sets the bytes and the peak") {
  Hardware device = plain_device();
  device.matrix.fp16 = 2.0;
  const Network memory_bound = one_conv(8, 10, {.out_channels = 8});
  const Latency fp16 = RooflineOracle(device, 1, Precision::kFp16).estimate(memory_bound);
  CHECK(fp16.bytes == 3328);
  CHECK(fp16.precision == Precision::kFp16);
  const Network compute_bound = one_conv(512, 16, {.out_channels = 512});
  const double at_fp32 = RooflineOracle(device, 8).estimate(compute_bound).ms;
  CHECK(RooflineOracle(device, 8, Precision::kFp16).estimate(compute_bound).ms ==
        Approx(at_fp32 / 2));
}

TEST_CASE("a depthwise convolution computes on the vector units by hand") {
  // 5x5 on 32 channels of 10x10: W = 2*25*3200 = 160,000 FLOP at 0.1 TFLOP/s is 1.6 us; Q = (6400 +
  // 800) * 4 is 2.88 us.
  const Conv2d conv{.out_channels = 32, .kernel_h = 5, .kernel_w = 5, .groups = 32};
  Hardware device = plain_device();
  const OperatorLatency memory =
      RooflineOracle(device, 1).estimate(one_conv(32, 10, conv)).operators[1];
  CHECK(memory.ms == Approx(2.88e-3));
  CHECK(memory.bound == Bound::kMemory);
  device.vector.tflops = 0.04;
  const OperatorLatency vector =
      RooflineOracle(device, 1).estimate(one_conv(32, 10, conv)).operators[1];
  CHECK(vector.ms == Approx(4.0e-3));
  CHECK(vector.bound == Bound::kVector);
  device.constants.depthwise_vector_share = 0;
  device.constants.depthwise_fraction = 0.5;
  CHECK(total_ms(device, one_conv(32, 10, conv)) == Approx(5.76e-3));
}

TEST_CASE("a linear layer reads its weights once per batch") {
  NetworkBuilder builder("classifier", {256, 1, 1});
  builder.add("fc", Linear{.out_features = 10}, {builder.input()});
  const Network network = std::move(builder).build();
  // Weights 2560 + 10 biases, 256 in and 10 out per image, 4 bytes each.
  CHECK(RooflineOracle(plain_device(), 1).estimate(network).bytes == (2570 + 266) * 4);
  const Latency batch = RooflineOracle(plain_device(), 100).estimate(network);
  CHECK(batch.bytes == (2570 + 26600) * 4);
  CHECK(batch.flops == 2 * 2560 * 100);
  CHECK(batch.ms == Approx(116680 / 10e9 * 1e3));
}

TEST_CASE("the bound flips at the ridge point") {
  // 1x1 C -> C at large batch: I tends to C/4 FLOP/byte in fp32, so the ridge point 100 lies at 400
  // channels.
  const auto bound = [](int64_t channels) {
    const Latency latency = RooflineOracle(plain_device(), 64)
                                .estimate(one_conv(channels, 32, {.out_channels = channels}));
    return latency.operators[1];
  };
  const OperatorLatency below = bound(396), above = bound(404);
  CHECK(below.intensity < 100);
  CHECK(below.bound == Bound::kMemory);
  CHECK(below.ms == Approx(below.bytes / 10e9 * 1e3));
  CHECK(above.intensity > 100);
  CHECK(above.bound == Bound::kCompute);
  CHECK(above.ms == Approx(above.flops / 1e12 * 1e3));
}

TEST_CASE("with neutral constants every operator costs the plain roofline") {
  NetworkBuilder builder("mixed", {3, 32, 32});
  int x = builder.conv_bn_act("stem", builder.input(),
                              {.out_channels = 16, .kernel_h = 3, .kernel_w = 3, .stride = 2},
                              BatchNorm{}, ActivationKind::kRelu);
  x = builder.conv_bn_act("depthwise", x,
                          {.out_channels = 16, .kernel_h = 3, .kernel_w = 3, .groups = 16},
                          BatchNorm{}, ActivationKind::kSwish);
  x = builder.squeeze_excite("se", x, 4, ActivationKind::kSwish);
  x = builder.add("grouped", Conv2d{.out_channels = 32, .kernel_h = 3, .kernel_w = 3, .groups = 4},
                  {x});
  x = builder.add("pool", Pool{}, {x});
  x = builder.add("global", GlobalAveragePool{}, {x});
  builder.add("fc", Linear{.out_features = 10}, {x});
  const Network network = std::move(builder).build();
  const Latency latency = RooflineOracle(plain_device(), 4).estimate(network);
  double sum = 0;
  int kernels = 0;
  for (const OperatorLatency& op : latency.operators) {
    if (op.ms == 0) continue;
    const bool vector = network.node(op.node).name == "depthwise.conv";
    const double roof = std::max(op.flops / (vector ? 0.1e12 : 1e12), op.bytes / 10e9) * 1e3;
    CAPTURE(network.node(op.node).name);
    CHECK(op.ms == Approx(roof));
    CHECK(op.efficiency == Approx(1));
    sum += roof;
    ++kernels;
  }
  // stem, depthwise, swish, SE (pool, reduce, swish, expand, sigmoid, scale), grouped, pool,
  // global, fc
  CHECK(kernels == 13);
  CHECK(latency.ms == Approx(sum));
}

TEST_CASE("channel saturation halves the rate at the half-saturation sizes") {
  Hardware device = plain_device();
  const Network network = one_conv(512, 16, {.out_channels = 512});
  const double peak = total_ms(device, network, 16);
  device.constants.half_reduction = 512;
  CHECK(total_ms(device, network, 16) == Approx(2 * peak));
  device.constants.half_outputs = 512;
  CHECK(total_ms(device, network, 16) == Approx(4 * peak));
  device.constants.half_rows = 16 * 256;
  CHECK(total_ms(device, network, 16) == Approx(8 * peak));
  device.constants.matrix_efficiency = 0.5;
  CHECK(total_ms(device, network, 16) == Approx(16 * peak));
}

TEST_CASE("a grouped convolution costs up to its dense equivalent, and more traffic where told") {
  Hardware device = plain_device();
  device.memory.bandwidth_gbps = 1e5;  // compute-bound throughout
  const Conv2d grouped{.out_channels = 512, .kernel_h = 3, .kernel_w = 3, .groups = 8};
  const Conv2d dense{.out_channels = 512, .kernel_h = 3, .kernel_w = 3};
  device.constants.half_reduction = 73;
  device.constants.half_outputs = 204;
  const double dense_ms = total_ms(device, one_conv(512, 16, dense));
  // By itself a group sees K = 9 * 64 and N = 64.
  const double flops = 2.0 * 9 * 64 * 512 * 256;
  CHECK(total_ms(device, one_conv(512, 16, grouped)) ==
        Approx(flops / (1e12 * 576 / (576 + 73) * 64 / (64 + 204)) * 1e3));
  device.constants.grouped_work_exponent = 1;
  CHECK(total_ms(device, one_conv(512, 16, grouped)) == Approx(dense_ms));
  device = plain_device();
  device.memory.bandwidth_gbps = 0.01;  // memory-bound throughout
  const double once = total_ms(device, one_conv(512, 16, grouped));
  device.constants.grouped_traffic = 31;
  CHECK(total_ms(device, one_conv(512, 16, grouped)) == Approx(31 * once));
}

TEST_CASE("elementwise operators pay their traffic, a share of it when fused") {
  // 400 elements: relu 2 passes, swish 2 passes, add 3 passes, pool 1 pass + 4 elements; 4 bytes,
  // 10 GB/s.
  Hardware device = plain_device();
  const Network network = elementwise_network();
  CHECK(RooflineOracle(device, 1).estimate(network).bytes == (800 + 800 + 1200 + 404) * 4);
  device.constants.swish_passes = 5.2;
  CHECK(RooflineOracle(device, 1).estimate(network).bytes == Approx((800 + 2080 + 1200 + 404) * 4));
  device.constants.elementwise_share = 0.25;  // of no effect before the policy fuses
  CHECK(RooflineOracle(device, 1).estimate(network).bytes == Approx((800 + 2080 + 1200 + 404) * 4));
  device.software.fuse_elementwise = true;
  CHECK(RooflineOracle(device, 1).estimate(network).bytes == Approx((800 + 2080 + 300 + 101) * 4));
  device.constants.pooling_fraction = 0.1;
  const OperatorLatency pool = RooflineOracle(device, 1).estimate(network).operators[4];
  CHECK(pool.ms == Approx(101 * 4 / 1e9 * 1e3));
}

TEST_CASE("copies between batch and space and concatenations cost their traffic") {
  NetworkBuilder builder("copies", {4, 8, 8});
  const int apart = builder.add("apart", SpaceToBatch{2}, {builder.input()});
  const int back = builder.add("back", BatchToSpace{2, 8, 8}, {apart});
  builder.add("concat", Concat{}, {back, builder.input()});
  const Latency latency = RooflineOracle(plain_device(), 3).estimate(std::move(builder).build());
  CHECK(latency.operators[1].bytes == 3 * 512 * 4);
  CHECK(latency.operators[2].bytes == 3 * 512 * 4);
  CHECK(latency.operators[3].bytes == 3 * 1024 * 4);
  CHECK(latency.ms == Approx(3 * 2048 * 4 / 10e9 * 1e3));
}

TEST_CASE("overhead counts once per kernel and bounds small ones") {
  Hardware device = plain_device();
  device.constants.overhead_us = 100;
  const Latency latency = RooflineOracle(device, 1).estimate(one_conv(8, 10, {.out_channels = 8}));
  CHECK(latency.ms == Approx(0.1 + 6656 / 10e9 * 1e3));
  CHECK(latency.operators[1].bound == Bound::kOverhead);
}

TEST_CASE("groups of an awkward width cost more, those that kernels are made for do not") {
  Hardware device = plain_device();
  device.memory.bandwidth_gbps = 1e5;  // compute-bound throughout
  const auto grouped = [&](int64_t width) {
    return total_ms(device, one_conv(8 * width, 16, {.out_channels = 8 * width, .groups = 8}));
  };
  const double awkward = grouped(24), power = grouped(16), multiple = grouped(96);
  device.constants.misaligned_groups = 3;
  CHECK(grouped(24) == Approx(3 * awkward));
  CHECK(grouped(16) == Approx(power));
  CHECK(grouped(96) == Approx(multiple));
}

TEST_CASE("a stack with dense groups prices a grouped convolution as the dense one") {
  Hardware device = plain_device();
  device.memory.bandwidth_gbps = 1e5;
  device.software.dense_groups = true;
  device.constants.half_outputs = 100;
  CHECK(total_ms(device, one_conv(64, 16, {.out_channels = 64, .groups = 4})) ==
        Approx(total_ms(device, one_conv(64, 16, {.out_channels = 64}))));
}

TEST_CASE("kernels wait for their launches, which run ahead of a busy device") {
  Hardware device = plain_device();
  device.constants.launch_us = 10;
  const auto chain = [](int64_t first, int64_t second) {
    NetworkBuilder builder("chain", {1, 100, 100});
    const int x = builder.add("a", Conv2d{.out_channels = first}, {builder.input()});
    builder.add("b", Conv2d{.out_channels = second}, {x});
    return std::move(builder).build();
  };
  // Both small (8.0 and 8.0 us): each ends its 8 us after its launch at 10 and 20 us.
  const double pixel_us = 10000 * 4 / 10e9 * 1e6;  // one channel's map: 4 us
  const Latency small = RooflineOracle(device, 1).estimate(chain(1, 1));
  CHECK(small.ms == Approx((20 + 2 * pixel_us) * 1e-3).epsilon(0.001));
  // The first takes 36 us: the second is launched meanwhile and begins at once.
  const Latency large = RooflineOracle(device, 1).estimate(chain(8, 1));
  CHECK(large.ms == Approx((10 + 9 * pixel_us + 9 * pixel_us) * 1e-3).epsilon(0.001));
  CHECK(large.operators[2].bound == Bound::kMemory);
  device.constants.launch_us = 100;
  CHECK(RooflineOracle(device, 1).estimate(chain(1, 1)).operators[2].bound == Bound::kOverhead);
}

TEST_CASE("images that a host supplies too slowly bound the latency, and the account says so") {
  Hardware device = plain_device();
  const Network network = one_conv(8, 10, {.out_channels = 8});
  const double alone = total_ms(device, network, 4);
  device.constants.input_us = 1000;
  const Latency supplied = RooflineOracle(device, 4).estimate(network);
  CHECK(supplied.ms == Approx(4));
  CHECK(supplied.operators[0].ms == Approx(4 - alone));
  CHECK(supplied.operators[0].bound == Bound::kOverhead);
}

TEST_CASE("a global pool pays for its reduction besides its traffic") {
  Hardware device = plain_device();
  const double without = total_ms(device, elementwise_network());
  device.constants.reduction_us = 50;
  CHECK(total_ms(device, elementwise_network()) == Approx(without + 0.05));
}

TEST_CASE("ReLU6 counts as ReLU, the hard forms as swish and sigmoid") {
  Hardware device = plain_device();
  device.constants.relu_passes = 1;
  device.constants.swish_passes = 7;
  const auto bytes = [&](ActivationKind kind) {
    NetworkBuilder builder("activation", {4, 10, 10});
    builder.add("act", Activation{kind}, {builder.input()});
    return RooflineOracle(device, 1).estimate(std::move(builder).build()).bytes;
  };
  CHECK(bytes(ActivationKind::kRelu6) == 400 * 4);
  CHECK(bytes(ActivationKind::kHardSwish) == 400 * 4 * 7);
  CHECK(bytes(ActivationKind::kHardSigmoid) == 400 * 4 * 7);
}

TEST_CASE("latency grows with width, batch and resolution") {
  const auto ms = [](int64_t width, int batch, int64_t side) {
    NetworkBuilder builder("chain", {3, side, side});
    int x = builder.conv_bn_act("stem", builder.input(),
                                {.out_channels = width, .kernel_h = 3, .kernel_w = 3}, BatchNorm{},
                                ActivationKind::kSwish);
    x = builder.conv_bn_act("dw", x,
                            {.out_channels = width, .kernel_h = 3, .kernel_w = 3, .groups = width},
                            BatchNorm{}, ActivationKind::kSwish);
    builder.conv_bn("project", x, {.out_channels = width}, BatchNorm{});
    return RooflineOracle(load_hardware("tpu_v3"), batch).estimate(std::move(builder).build()).ms;
  };
  const double base = ms(32, 8, 32);
  CHECK(ms(40, 8, 32) > base);
  CHECK(ms(32, 9, 32) > base);
  CHECK(ms(32, 8, 33) > base);
}

TEST_CASE("what the device cannot do is an error that says so") {
  CHECK_THAT(error_of([] { RooflineOracle(plain_device(), 1, Precision::kBf16); }),
             Catch::Equals("hardware plain: no peak rate for bf16; valid precisions: fp32, fp16"));
  const std::string message = error_of([] {
    RooflineOracle(plain_device(), 1024).estimate(one_conv(64, 128, {.out_channels = 64}));
  });
  CHECK_THAT(message, Catch::Contains("one-conv at batch 1024 needs at least 8.00 GiB on plain"));
  CHECK_THAT(message, Catch::Contains("which has 1.00 GiB"));
}
