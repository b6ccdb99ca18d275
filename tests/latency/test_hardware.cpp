#include "latency/hardware.h"

#include <map>

#include "core/config_path.h"
#include "core/file.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

const std::string kValid = R"(name: mine
description: a device
default_precision: fp32
matrix:
  fp32: 2
  source: a data sheet
vector:
  tflops: 1
  source: a data sheet
memory:
  bandwidth_gbps: 100
  size_gib: 8
  source: a data sheet
software:
  stack: eager
  source: known
constants:
  source: neutral
)";

Hardware parse(const std::string& text) {
  return hardware_from_yaml(YamlView::parse(text, "mine.yaml"));
}

std::string replaced(const std::string& from, const std::string& to) {
  std::string text = kValid;
  const size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("every hardware file loads, has its sources, and its ridge point is C over b by hand") {
  // Peak of the default precision (FLOP/s) over bandwidth (byte/s), from the data sheets.
  const std::map<std::string, double> ridges = {
      {"tpu_v2", 46e12 / 700e9},   {"tpu_v3", 123e12 / 900e9},
      {"v100", 125e12 / 900e9},    {"a100", 312e12 / 1555e9},
      {"h100", 989.4e12 / 3350e9}, {"h200", 989.4e12 / 4800e9},
      {"rtx_3090", 71e12 / 936e9}, {"xeon_skylake", 3.05e12 / 128e9},
      {"t4", 65e12 / 320e9},       {"v100_pytorch", 125e12 / 900e9}};
  const auto names = config_names("hardware");
  CHECK(names.size() == ridges.size());
  for (const auto& [name, ridge] : ridges) {
    CAPTURE(name);
    const Hardware hardware = load_hardware(name);
    CHECK(hardware.name == name);
    CHECK(hardware.ridge_point(hardware.default_precision) == Approx(ridge));
    CHECK(hardware.memory.size_gib >= 16);
    for (const std::string& source :
         {hardware.matrix.source, hardware.vector.source, hardware.memory.source,
          hardware.software.source, hardware.constants.source}) {
      CHECK(source.size() > 15);
    }
  }
}

TEST_CASE(
    "a hardware file by path needs only what it cannot default, and its constants are neutral") {
  const TempFolder folder;
  write_file_atomic(folder / "mine.yaml", kValid);
  const Hardware hardware = load_hardware((folder / "mine.yaml").string());
  CHECK(hardware.name == "mine");
  CHECK(hardware.peak_flops(Precision::kFp32) == 2e12);
  CHECK(hardware.bytes_per_second() == 100e9);
  CHECK(hardware.ridge_point(Precision::kFp32) == 20);
  CHECK(hardware.constants.matrix_efficiency == 1);
  CHECK(hardware.constants.overhead_us == 0);
}

TEST_CASE("a hardware file written out reads back the same") {
  const Hardware v100 = load_hardware("v100");
  const std::string text = write_config(v100);
  const Hardware back = parse(text);
  CHECK(write_config(back) == text);
  CHECK(back.constants.half_outputs == v100.constants.half_outputs);
  CHECK(back.software.dense_groups);
  CHECK_FALSE(back.matrix.bf16.has_value());
}

TEST_CASE("mistakes in a hardware file are named with their place") {
  CHECK_THAT(error_of([] { parse(replaced("  bandwidth_gbps: 100", "  bandwith_gbps: 100")); }),
             Catch::StartsWith("mine.yaml:11:3: memory.bandwith_gbps: unknown key; did you mean "
                               "'bandwidth_gbps'?"));
  CHECK_THAT(
      error_of([] { parse(replaced("fp32: 2", "fp32: -2")); }),
      Catch::StartsWith("mine.yaml:5:9: matrix.fp32: out of range: -2; valid: from 1e-06 to"));
  CHECK_THAT(error_of([] { parse(replaced("bandwidth_gbps: 100", "bandwidth_gbps: 100 GHz")); }),
             Catch::Contains("memory.bandwidth_gbps: must be a number, with or without its unit "
                             "GB/s, not '100 GHz'"));
  CHECK_THAT(
      error_of([] { parse(replaced("default_precision: fp32", "default_precision: bf16")); }),
      Catch::Contains("default_precision: matrix gives no peak rate for bf16"));
  CHECK_THAT(error_of([] { parse(replaced("default_precision: fp32", "default_precision: fp8")); }),
             Catch::Contains("'fp8' is not one of: fp32, tf32, bf16, fp16"));
}

TEST_CASE("all that a hardware file lacks is named at once, with where to get a file to fill in") {
  const std::string text = error_of([] {
    parse("name: mine\ndefault_precision: fp32\nmatrix: {fp32: 2}\nmemory: {size_gib: 4}\n");
  });
  CHECK_THAT(text, Catch::StartsWith("mine.yaml:1:1: missing or empty: description, matrix.source, "
                                     "vector.tflops, vector.source, memory.bandwidth_gbps, "
                                     "memory.source, software.source, constants.source; "));
  CHECK_THAT(text, Catch::Contains("ridgeline hardware new"));
}

TEST_CASE("rates may carry their units") {
  const Hardware hardware = parse(replaced("bandwidth_gbps: 100", "bandwidth_gbps: 0.1 TB/s"));
  CHECK(hardware.memory.bandwidth_gbps == Approx(100));
}

TEST_CASE("a template names every required key, and is valid once they are filled in") {
  std::string text = hardware_template("mine");
  const auto fill = [&](const std::string& from, const std::string& to) {
    for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
      text.replace(at, from.size(), to);
  };
  CHECK_THROWS_AS(parse(text), Error);
  fill("source: \"\"", "source: a data sheet");
  fill("description: \"\"", "description: a device");
  fill("tflops: 0.0", "tflops: 1");
  fill("bandwidth_gbps: 0.0", "bandwidth_gbps: 100");
  fill("size_gib: 0.0", "size_gib: 8");
  fill("fp32: ~", "fp32: 2");
  const Hardware hardware = parse(text);
  CHECK(hardware.name == "mine");
  CHECK(hardware.peak_flops(Precision::kFp32) == 2e12);
}

TEST_CASE("a device says whether its constants were fitted to measurements") {
  for (const char* name : {"v100", "v100_pytorch", "a100", "t4", "rtx_3090", "tpu_v2", "tpu_v3"}) {
    CAPTURE(name);
    CHECK(load_hardware(name).calibrated());
  }
  for (const char* name : {"h100", "h200", "xeon_skylake"}) {
    CAPTURE(name);
    const Hardware hardware = load_hardware(name);
    CHECK_FALSE(hardware.calibrated());
    CHECK_THAT(uncalibrated_note(hardware),
               Catch::StartsWith("hardware " + std::string(name) + " is not calibrated"));
  }
}

TEST_CASE("a hardware file says where its constants do not hold for what is asked") {
  const Hardware rtx = load_hardware("rtx_3090");
  LatencyConfig asked;
  asked.batch = 64;
  CHECK(mismatches(rtx, asked).empty());
  asked.deployed = {
      .framework = "pytorch", .layout = MemoryFormat::kChannelsLast, .compiled = false};
  CHECK(mismatches(rtx, asked).empty());
  asked.deployed = {
      .framework = "TensorFlow", .layout = MemoryFormat::kContiguous, .compiled = true};
  asked.precision = Precision::kFp32;
  asked.batch = 1;
  const std::vector<std::string> lines = mismatches(rtx, asked);
  REQUIRE(lines.size() == 5);
  CHECK_THAT(lines[0], Catch::Contains("for PyTorch 2.4 (CUDA 12.4), not for latency.framework "
                                       "TensorFlow"));
  CHECK_THAT(lines[1], Catch::Contains("layout channels_last, not for contiguous"));
  CHECK_THAT(lines[2], Catch::Contains("operator by operator, not for compiled ones"));
  CHECK_THAT(lines[3], Catch::Contains("fp16, not for fp32"));
  CHECK_THAT(lines[4], Catch::Contains("batches from 8 on, not for batch 1"));
  CHECK(mismatches(load_hardware("h100"), asked).empty());  // calibrated for nothing
}

TEST_CASE("an unknown device is answered with the nearest name and the list") {
  const std::string message = error_of([] { load_hardware("tpuv3"); });
  CHECK_THAT(message, Catch::Contains("hardware: no file for 'tpuv3'; did you mean 'tpu_v3'?"));
  CHECK_THAT(message, Catch::Contains("rtx_3090, t4, tpu_v2, tpu_v3, v100, v100_pytorch"));
}
