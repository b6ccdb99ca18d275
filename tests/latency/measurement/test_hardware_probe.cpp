#include <ATen/Parallel.h>

#include <fstream>

#include "core/file.h"
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

TEST_CASE("a probe that is cut off keeps what it measured and goes on with the rest") {
  const TempFolder folder;
  ProbeSettings settings{
      .name = "here",
      .rules = {.warmup = 0, .min_runs = 1, .max_runs = 1, .time_limit_s = 0.1, .attempts = 1},
      .journal = folder / "here.yaml.part"};
  const auto lines = [&] {
    const std::string text = read_file(settings.journal);
    return std::count(text.begin(), text.end(), '\n');
  };
  settings.progress = [](int done, int, const std::string&) {
    if (done == 4) throw std::runtime_error("cut off");
  };
  CHECK_THROWS_WITH(probe_hardware(settings, [](const std::string&) {}), "cut off");
  CHECK(lines() == 4);
  const std::string first = read_file(settings.journal);
  std::ofstream(settings.journal, std::ios::app) << "fp32 a matrix";  // a line that a kill cut
  std::vector<int> totals;
  settings.progress = [&](int, int total, const std::string&) { totals.push_back(total); };
  const Hardware hardware = probe_hardware(settings, [](const std::string&) {});
  CHECK(lines() == 9);
  CHECK(read_file(settings.journal).starts_with(first));
  CHECK(totals == std::vector<int>(9, 9));
  // With all figures there, nothing is measured again.
  CHECK(write_config(probe_hardware(settings, [](const std::string&) {})) ==
        write_config(hardware));
}

TEST_CASE("a series fits into its share of the time, down to one run") {
  const TimingRules rules{.warmup = 5, .min_runs = 20, .max_runs = 200, .time_limit_s = 2};
  const TimingRules quick = rules_within(rules, 10, 0.001);
  CHECK(quick.min_runs == 20);
  CHECK(quick.max_runs == 200);
  CHECK(quick.warmup == 5);
  CHECK(quick.time_limit_s == 2);
  const TimingRules slow = rules_within(rules, 1, 0.3);
  CHECK(slow.min_runs == 3);
  CHECK(slow.warmup == 0);
  CHECK(slow.time_limit_s == 1);
  CHECK(rules_within(rules, 0, 5).min_runs == 1);
  CHECK(rules_within(rules, 0, 5).max_runs == 1);
}

TEST_CASE("hardware that is not there is not measured") {
  CHECK_THAT(error_of([] { probe_hardware({.name = "x", .device = "cuda:99"}, {}); }),
             Catch::Contains("cuda:99"));
}
