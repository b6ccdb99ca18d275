#include "latency/measurement/measured.h"
#include "runtime/device.h"
#include "tests/catch.h"
#include "tests/latency/devices.h"
#include "tests/support.h"
#include "tests/test_device.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

Network deep_network(int layers) {
  NetworkBuilder builder("deep", {16, 32, 32});
  int x = builder.input();
  for (int i = 0; i < layers; ++i) {
    x = builder.conv_bn_act("layer" + std::to_string(i), x,
                            {.out_channels = 16, .kernel_h = 3, .kernel_w = 3}, BatchNorm{},
                            ActivationKind::kRelu);
  }
  return std::move(builder).build();
}

}  // namespace

TEST_CASE("every node and the whole are timed on the test device, in every precision it has") {
  const Network network = deep_network(4);
  for (const auto precision : {Precision::kFp32, Precision::kTf32, Precision::kBf16}) {
    RunPlace place{.device = test_device(), .batch = 4, .precision = precision};
    if (precision == Precision::kTf32 && device_from_text(place.device).is_cpu()) continue;
    DeviceRun run(place, network);
    for (int i = 0; i < 3; ++i) {
      CHECK(run.run_ms() > 0);
      const auto ms = run.run_nodes_ms();
      REQUIRE(ms.size() == network.nodes().size());
      for (size_t node = 1; node < ms.size(); ++node) CHECK(ms[node] > 0);
    }
  }
}

TEST_CASE("a measured latency of the test device says where it was measured") {
  LatencyConfig config;
  config.kind = LatencyKind::kMeasured;
  config.measured.device = test_device();
  config.timing.repeats = 20;
  config.measured.drift_correction = false;
  const Latency latency = MeasuredOracle(config).estimate(deep_network(2));
  CHECK(latency.ms > 0);
  CHECK(latency.device == RunPlace::of(config).device_text());
  CHECK(latency.low_ms <= latency.ms);
  CHECK(latency.ms <= latency.high_ms);
}
