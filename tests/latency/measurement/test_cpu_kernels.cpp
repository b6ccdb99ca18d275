// What `SoftwarePolicy::cpu_kernels` and its constants add, on a device of easy numbers: 1 TFLOP/s,
// 10 GB/s, fp32.
#include "latency/roofline.h"
#include "tests/catch.h"
#include "tests/latency/devices.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

Hardware cpu() {
  Hardware device = plain_device();
  device.software.cpu_kernels = true;
  return device;
}

double cpu_kernels_ms(const Hardware& device, const Network& network, int batch = 1) {
  return RooflineOracle(device, batch).estimate(network).ms;
}

constexpr Conv2d k3x3{.out_channels = 16, .kernel_h = 3, .kernel_w = 3};
constexpr double kWeights = 16 * 16 * 9;
constexpr double kMsPerElement = 4 / 10e9 * 1e3;

}  // namespace

TEST_CASE("output channels are computed in whole vectors") {
  Hardware device = cpu();
  device.memory.bandwidth_gbps = 1e6;
  device.constants.output_tile = 16;
  // 24 channels take as long as 32: 2 * 64 * 16 * 32 FLOPs.
  CHECK(cpu_kernels_ms(device, one_conv(16, 8, {.out_channels = 24})) ==
        Approx(65536 / 1e12 * 1e3));
  CHECK(cpu_kernels_ms(device, one_conv(16, 8, {.out_channels = 32})) ==
        Approx(65536 / 1e12 * 1e3));
}

TEST_CASE("computing and memory traffic hide each other only in part") {
  Hardware device = cpu();
  const double compute = 32768 / 1e12 * 1e3, memory = (1024 + 1024 + 256) * kMsPerElement;
  const Network network = one_conv(16, 8, {.out_channels = 16});
  CHECK(cpu_kernels_ms(device, network) == Approx(memory));
  device.constants.exposed_share = 0.5;
  CHECK(cpu_kernels_ms(device, network) == Approx(memory + compute / 2));
}

TEST_CASE("weights are laid out at each call, and what meets the image is read for each") {
  Hardware device = cpu();
  device.constants.weight_passes = 2;
  device.constants.weight_rereads = 1;
  // On one pixel only the middle one of nine taps meets the image.
  const double elements = 3 * (16 + 16) + kWeights * (1 + 2 + 2.0 / 9);
  CHECK(cpu_kernels_ms(device, one_conv(16, 1, k3x3), 3) == Approx(elements * kMsPerElement));
  device.software.cpu_kernels = false;
  CHECK(cpu_kernels_ms(device, one_conv(16, 1, k3x3), 3) ==
        Approx((3 * (16 + 16) + kWeights) * kMsPerElement));
}

TEST_CASE("padding is not computed, on few pixels most of a window") {
  Hardware device = cpu();
  device.memory.bandwidth_gbps = 1e6;
  CHECK(cpu_kernels_ms(device, one_conv(16, 1, k3x3)) == Approx(2 * kWeights / 9 / 1e12 * 1e3));
  // 4 x 4 pixels: along an axis 10 of the 12 taps lie inside.
  CHECK(cpu_kernels_ms(device, one_conv(16, 4, k3x3)) ==
        Approx(2 * 16 * kWeights * 100 / 144 / 1e12 * 1e3));
}

TEST_CASE("a padding that differs between the sides is a copy of the input") {
  // TensorFlow's padding of 8 pixels at stride 2: none before, one after.
  Conv2d conv = k3x3;
  conv.stride = 2;
  const double tensors = 16 * 64 + 16 * 16 + kWeights, copy = 2 * 16 * 64;
  Hardware device = cpu();
  CHECK(cpu_kernels_ms(device, one_conv(16, 8, conv)) == Approx((tensors + copy) * kMsPerElement));
  device.software.cpu_kernels = false;
  CHECK(cpu_kernels_ms(device, one_conv(16, 8, conv)) == Approx(tensors * kMsPerElement));
}
