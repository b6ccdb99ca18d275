#include "latency/whole_network.h"

#include "tests/catch.h"
#include "tests/latency/devices.h"

using namespace ridgeline;
using namespace ridgeline::test;

TEST_CASE("Equation 1 below the ridge point divides W by I b E") {
  Hardware device = plain_device();
  device.constants.whole_network_efficiency = 0.4;
  // W = 12,800 FLOP, Q = 6,656 bytes: I = 1.92 < 100, so W / (I b E) = Q / (b E).
  const Latency latency =
      WholeNetworkOracle(device, 1).estimate(one_conv(8, 10, {.out_channels = 8}));
  CHECK(latency.intensity == Approx(12800.0 / 6656));
  CHECK(latency.ms == Approx(6656 / 10e9 / 0.4 * 1e3));
  CHECK(latency.efficiency == Approx(0.4));
  CHECK(latency.method == "whole_network");
  CHECK(latency.operators.empty());
}

TEST_CASE("Equation 1 above the ridge point divides W by C_max E") {
  Hardware device = plain_device();
  device.constants.whole_network_efficiency = 0.25;
  // 3x3, 512 -> 512 on 16x16, batch 2: W = 2 * 2,359,296 * 256 * 2 FLOP, I = 230 > 100.
  const Latency latency = WholeNetworkOracle(device, 2).estimate(
      one_conv(512, 16, {.out_channels = 512, .kernel_h = 3, .kernel_w = 3}));
  CHECK(latency.flops == 2.0 * 2359296 * 256 * 2);
  CHECK(latency.intensity > 100);
  CHECK(latency.ms == Approx(2.0 * 2359296 * 256 * 2 / 1e12 / 0.25 * 1e3));
}

TEST_CASE("Equation 1 counts a fused activation free and ignores the roofline's constants") {
  NetworkBuilder builder("fused", {8, 64, 64});
  const int thin = builder.add("thin", Conv2d{.out_channels = 8}, {builder.input()});
  builder.add("swish", Activation{ActivationKind::kSwish}, {thin});
  const Network network = std::move(builder).build();
  const Latency latency = WholeNetworkOracle(plain_device(), 1).estimate(network);
  CHECK(latency.bytes == (2 * 8 * 64 * 64 + 64) * 4);
  Hardware skewed = plain_device();
  skewed.constants.bandwidth_fraction = 0.1;
  skewed.constants.swish_passes = 50;
  skewed.constants.overhead_us = 1000;
  CHECK(WholeNetworkOracle(skewed, 1).estimate(network).ms == latency.ms);
}

TEST_CASE("a network without multiply-adds takes the time of its traffic") {
  NetworkBuilder builder("pool", {4, 10, 10});
  builder.add("pool", GlobalAveragePool{}, {builder.input()});
  const Latency latency =
      WholeNetworkOracle(plain_device(), 1).estimate(std::move(builder).build());
  CHECK(latency.ms == Approx(404 * 4 / 10e9 / 0.5 * 1e3));
}
