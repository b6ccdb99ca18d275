#pragma once

#include <optional>
#include <string>

#include "core/config.h"
#include "latency/config.h"
#include "latency/constants.h"
#include "latency/software_policy.h"
#include "network/precision.h"

namespace ridgeline {

/// Peak multiply-accumulate rates of the unit that runs convolutions and linear layers, in TFLOP/s
/// (2 FLOPs per multiply-add, dense). A precision that the device lacks is absent (`~`).
struct MatrixUnit {
  std::optional<double> fp32, tf32, bf16, fp16;
  std::string source;

  template <class V>
  void describe(V& v) {
    const auto rate = [](const char* help) {
      return FieldInfo{.help = help, .unit = "TFLOP/s", .min = 1e-6, .max = 1e6};
    };
    v.field("fp32", fp32, rate("peak rate in fp32; ~: not supported"));
    v.field("tf32", tf32, rate("peak rate in tf32; ~: not supported"));
    v.field("bf16", bf16, rate("peak rate in bf16; ~: not supported"));
    v.field("fp16", fp16, rate("peak rate in fp16; ~: not supported"));
    v.field("source", source, {.help = "source of these figures"});
  }
};

/// Peak rate of the unit that runs depthwise convolutions and elementwise work.
struct VectorUnit {
  double tflops = 0;
  std::string source;

  template <class V>
  void describe(V& v) {
    v.field("tflops", tflops,
            {.help = "peak rate of the vector units", .unit = "TFLOP/s", .min = 1e-6, .max = 1e6});
    v.field("source", source, {.help = "source of this figure"});
  }
};

struct Memory {
  double bandwidth_gbps = 0;
  double size_gib = 0;
  std::string source;

  template <class V>
  void describe(V& v) {
    v.field("bandwidth_gbps", bandwidth_gbps,
            {.help = "peak bandwidth of main memory", .unit = "GB/s", .min = 1e-6, .max = 1e6});
    v.field("size_gib", size_gib,
            {.help = "size of main memory", .unit = "GiB", .min = 1e-6, .max = 1e6});
    v.field("source", source, {.help = "source of these figures"});
  }
};

/// The conditions under which latencies were measured that the constants stand for. What is not
/// known is absent.
struct HoldsFor {
  std::optional<std::string> framework = {};
  std::optional<MemoryFormat> layout = {};
  std::optional<bool> compiled = {};
  std::optional<Precision> precision = {};
  std::optional<int> smallest_batch = {}, largest_batch = {};

  template <class V>
  void describe(V& v) {
    v.field("framework", framework, {.help = "framework and version; ~: not known"});
    v.field("layout", layout, {.help = "memory layout, channels_last or contiguous; ~: not known"});
    v.field("compiled", compiled,
            {.help = "whether whole networks were compiled (XLA, TensorRT); ~: not known"});
    v.field("precision", precision, {.help = "precision of the measurements; ~: several"});
    v.field("smallest_batch", smallest_batch,
            {.help = "smallest batch that was measured; ~: not known",
             .unit = "images",
             .min = 1,
             .max = 1e6});
    v.field("largest_batch", largest_batch,
            {.help = "largest batch that was measured; ~: not known",
             .unit = "images",
             .min = 1,
             .max = 1e6});
  }
};

/// A device as the analytic oracles see it: data, read strictly from configs/hardware/NAME.yaml.
struct Hardware {
  std::string name;
  std::string description;
  Precision default_precision = Precision::kFp32;
  MatrixUnit matrix;
  VectorUnit vector;
  Memory memory;
  SoftwarePolicy software;
  HoldsFor holds_for;
  EffectiveConstants constants;

  template <class V>
  void describe(V& v) {
    v.field("name", name, {.help = "one word, the same as the file name"});
    v.field("description", description, {.help = "the exact device"});
    v.field("default_precision", default_precision,
            {.help = "precision used if none is requested"});
    v.section("matrix", matrix, "the unit that runs convolutions and linear layers");
    v.section("vector", vector,
              "the unit that runs depthwise convolutions and elementwise operators");
    v.section("memory", memory, "main memory");
    v.section("software", software, "what the software stack fuses");
    v.section("holds_for", holds_for, "the conditions that the constants were fitted to");
    v.section("constants", constants, "effective constants; the default values are neutral");
  }

  /// Whether the constants were fitted to measurements. If not, they are neutral, and every
  /// operator takes what the peak rates allow.
  bool calibrated() const;
  /// C_max of Equation 2, FLOP/s. Throws `kConfig` listing the valid precisions.
  double peak_flops(Precision precision) const;
  double bytes_per_second() const { return memory.bandwidth_gbps * 1e9; }
  /// I at which compute and memory take equally long, FLOP/byte.
  double ridge_point(Precision precision) const {
    return peak_flops(precision) / bytes_per_second();
  }
};

/// Throws `kConfig` for unknown keys, rates that are not positive, and, all at once, rates and
/// sources that are missing.
Hardware hardware_from_yaml(const YamlView& view);
/// A file for a new device, every key with its meaning; what must be filled in is 0 or empty.
std::string hardware_template(const std::string& name);
/// One line on how far the latencies of a device that is not calibrated are from measured ones, and
/// what to do about it.
std::string uncalibrated_note(const Hardware& hardware);
/// One line for each condition of `asked` (framework, layout, compilation, precision, batch) under
/// which the constants of `hardware` do not hold; none of a file that is not calibrated.
std::vector<std::string> mismatches(const Hardware& hardware, const LatencyConfig& asked);
/// By name ("tpu_v3") or path. Throws `kConfig` with the nearest name and all known ones.
Hardware load_hardware(const std::string& name_or_path);

}  // namespace ridgeline
