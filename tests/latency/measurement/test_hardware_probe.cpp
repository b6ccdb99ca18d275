#include <ATen/Parallel.h>

#include "latency/measurement/hardware_probe.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

TEST_CASE("a measured hardware file is one that loads, with a source for every figure") {
  const int threads = at::get_num_threads();
  int notes = 0;
  const Hardware hardware = probe_hardware(
      {.name = "here",
       .rules = {.warmup = 0, .min_runs = 1, .max_runs = 1, .time_limit_s = 0.1, .attempts = 1}},
      [&](const std::string&) { ++notes; });
  CHECK(notes == 5);  // fp32, bf16, depthwise, memory, operator
  CHECK(at::get_num_threads() == threads);
  const Hardware back = hardware_from_yaml(YamlView::parse(write_config(hardware), "here.yaml"));
  CHECK(back.name == "here");
  REQUIRE(back.matrix.fp32);
  CHECK(back.peak_flops(Precision::kFp32) == Approx(hardware.peak_flops(Precision::kFp32)));
  CHECK(back.peak_flops(Precision::kBf16) > 0);
  CHECK_FALSE(back.matrix.fp16);  // LibTorch's CPU has no half-precision convolutions
  CHECK(back.vector.tflops > 0);
  CHECK(back.memory.bandwidth_gbps > 0);
  CHECK(back.memory.size_gib > 0);
  CHECK(back.constants.overhead_us > 0);
  CHECK_THAT(back.matrix.source, Catch::Contains("fp32 by a ") && Catch::Contains("bf16 by a "));
  CHECK_THAT(back.memory.source, Catch::Contains("triad"));
}

TEST_CASE("hardware that is not there is not measured") {
  CHECK_THAT(error_of([] { probe_hardware({.name = "x", .device = "cuda:99"}, {}); }),
             Catch::Contains("cuda:99"));
}
