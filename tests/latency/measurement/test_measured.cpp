#include <ATen/Parallel.h>

#include "latency/measurement/device_name.h"
#include "latency/measurement/measured.h"
#include "tests/catch.h"
#include "tests/latency/devices.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

Network small_network() {
  NetworkBuilder builder("small", {3, 16, 16});
  int x = builder.conv_bn_act("stem", builder.input(),
                              {.out_channels = 8, .kernel_h = 3, .kernel_w = 3}, BatchNorm{},
                              ActivationKind::kSwish);
  x = builder.squeeze_excite("se", x, 2, ActivationKind::kSwish);
  x = builder.add("pool", GlobalAveragePool{}, {x});
  builder.add("fc", Linear{.out_features = 10}, {x});
  return std::move(builder).build();
}

LatencyConfig measured_config() {
  LatencyConfig config;
  config.kind = LatencyKind::kMeasured;
  config.batch = 2;
  config.timing.warmup = 1;
  config.timing.repeats = 6;
  return config;
}

}  // namespace

TEST_CASE("a measurement carries its whole provenance") {
  const Network network = small_network();
  const Latency latency = MeasuredOracle(measured_config()).estimate(network);
  CHECK(latency.ms > 0);
  CHECK(latency.spread_ms >= 0);
  CHECK(latency.repeats >= 6);
  CHECK(latency.reference_ms > 0);  // the speed it is stated at
  CHECK(latency.low_ms > 0);
  CHECK(latency.low_ms <= latency.ms);
  CHECK(latency.high_ms >= latency.ms);
  CHECK(latency.batch == 2);
  CHECK(latency.precision == Precision::kFp32);
  CHECK(latency.method == "measured");
  CHECK(latency.device == cpu_name() + ", 1 thread");
  CHECK(latency.operators.empty());
  CHECK(latency.efficiency == 0);
  // stem 3*9*8*256, SE 2 * 8*2, classifier 80 multiply-adds, two images.
  CHECK(latency.flops == 2.0 * (55296 + 32 + 80) * 2);
  CHECK(latency.intensity == Approx(latency.flops / latency.bytes));
}

TEST_CASE("a latency is stated at the speed that is asked for, or as it was measured") {
  LatencyConfig config = measured_config();
  config.measured.reference_ms = 12.5;
  CHECK(MeasuredOracle(config).estimate(small_network()).reference_ms == 12.5);
  CHECK(at_one_speed(config, 10.0).measured.reference_ms == 12.5);
  config.measured.reference_ms = std::nullopt;
  CHECK(at_one_speed(config, 10.0).measured.reference_ms == 10.0);
  CHECK(*at_one_speed(config, std::nullopt).measured.reference_ms > 0);
  config.measured.drift_correction = false;
  CHECK_FALSE(at_one_speed(config, 10.0).measured.reference_ms);
  const Latency plain = MeasuredOracle(config).estimate(small_network());
  CHECK(plain.reference_ms == 0);
  CHECK(plain.repeats == 6);
}

TEST_CASE("a measurement leaves the thread count of the process as it was") {
  const int before = at::get_num_threads();
  LatencyConfig config = measured_config();
  config.measured.threads = before + 1;
  config.measured.drift_correction = false;
  const MeasuredOracle oracle(config);
  oracle.estimate(small_network());
  CHECK(at::get_num_threads() == before);
  CHECK_THAT(oracle.description(),
             Catch::EndsWith(std::to_string(before + 1) +
                             " threads, batch 2, fp32, channels_last, measured, median to "
                             "+-2.0 % in up to 6 runs"));
}

TEST_CASE("bf16 and the contiguous layout are run as asked") {
  LatencyConfig config = measured_config();
  config.measured.drift_correction = false;
  config.precision = Precision::kBf16;
  config.measured.memory_format = MemoryFormat::kContiguous;
  const MeasuredOracle oracle(config);
  const Latency latency = oracle.estimate(small_network());
  CHECK(latency.precision == Precision::kBf16);
  CHECK(latency.ms > 0);
  CHECK_THAT(oracle.description(), Catch::Contains("bf16, contiguous"));
}

TEST_CASE("the times of the nodes are those of the operators that work") {
  const Network network = small_network();
  DeviceRun run({.batch = 2}, network, 2);
  for (int i = 0; i < 3; ++i) {
    const std::vector<double> ms = run.run_nodes_ms();
    REQUIRE(ms.size() == network.nodes().size());
    CHECK(ms[0] == 0);
    for (size_t node = 1; node < ms.size(); ++node) CHECK(ms[node] > 0);
  }
}

TEST_CASE("a batch that cannot fit is infeasible, not a crash") {
  // 65536 images of 3 x 40000 x 40000 in fp32 are over a petabyte.
  LatencyConfig config = measured_config();
  config.batch = 65536;
  config.measured.drift_correction = false;
  const Network network = one_conv(3, 40000, {.out_channels = 1});
  try {
    MeasuredOracle(config).estimate(network);
    FAIL("expected an Error");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::kInfeasible);
    CHECK_THAT(error.what(),
               Catch::Contains("one-conv at batch 65536 does not fit into the memory of"));
    CHECK_THAT(error.what(), Catch::Contains("use a smaller batch or resolution"));
  }
}

TEST_CASE("a device that is not there is refused when the oracle is made") {
  LatencyConfig config = measured_config();
  config.measured.device = "cuda:63";
  CHECK_THAT(error_of([&] { MeasuredOracle{config}; }), Catch::Contains("cuda:63"));
  config.measured.device = "gpu";
  CHECK_THAT(error_of([&] { MeasuredOracle{config}; }), Catch::Contains("gpu"));
}
