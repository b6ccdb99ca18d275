#pragma once

#include "core/config.h"
#include "latency/memory_format.h"
#include "network/precision.h"
#include "tables/config.h"

namespace ridgeline {

enum class LatencyKind {
  kRoofline,
  kWholeNetwork,
  kPowerLaw,
  kMeasured,
  kTable,
  kCommand,
  kTableFile,
  kSurrogate,
  kNone
};
template <>
struct EnumNames<LatencyKind> {
  static constexpr std::array<std::pair<LatencyKind, const char*>, 9> values{
      {{LatencyKind::kRoofline, "roofline"},
       {LatencyKind::kWholeNetwork, "whole_network"},
       {LatencyKind::kPowerLaw, "power_law"},
       {LatencyKind::kMeasured, "measured"},
       {LatencyKind::kTable, "table"},
       {LatencyKind::kCommand, "command"},
       {LatencyKind::kTableFile, "table_file"},
       {LatencyKind::kSurrogate, "surrogate"},
       {LatencyKind::kNone, "none"}}};
};
/// Whether an oracle of this kind prices points of plain decisions, by a table of them.
inline bool reads_table_file(LatencyKind kind) {
  return kind == LatencyKind::kTableFile || kind == LatencyKind::kSurrogate;
}
/// Whether an oracle of this kind gives the same figure each time, at once.
inline bool is_formula(LatencyKind kind) {
  return kind == LatencyKind::kRoofline || kind == LatencyKind::kWholeNetwork ||
         kind == LatencyKind::kPowerLaw || kind == LatencyKind::kNone || reads_table_file(kind);
}

/// What a command is given of a network.
enum class NetworkFormat { kYaml, kTorchScript, kOnnx };
template <>
struct EnumNames<NetworkFormat> {
  static constexpr std::array<std::pair<NetworkFormat, const char*>, 3> values{
      {{NetworkFormat::kYaml, "yaml"},
       {NetworkFormat::kTorchScript, "torchscript"},
       {NetworkFormat::kOnnx, "onnx"}}};
};

/// When the timing of a network ends.
struct TimingConfig {
  int warmup = 3;
  int repeats = 200;
  double confidence_width = 0.02;
  double time_limit_s = 10;

  template <class V>
  void describe(V& v) {
    v.field("warmup", warmup,
            {.help = "untimed runs before the first timed run", .min = 0, .max = 10000});
    v.field("repeats", repeats,
            {.help = "largest number of timed runs; the median counts", .min = 6, .max = 100000});
    v.field("confidence_width", confidence_width,
            {.help = "timing ends when the 95 % confidence interval of the median is within this "
                     "fraction of it on either side",
             .min = 1e-4,
             .max = 1});
    v.field("time_limit_s", time_limit_s,
            {.help = "longest time for one series of runs of a network; a noisy series is "
                     "repeated, up to three in all",
             .unit = "s",
             .min = 1e-3,
             .max = 86400});
  }
};

/// A network runs on this machine.
struct MeasuredLatencyConfig {
  std::string device = "cpu";
  int threads = 1;
  MemoryFormat memory_format = MemoryFormat::kChannelsLast;
  bool drift_correction = true;
  std::optional<double> reference_ms;

  template <class V>
  void describe(V& v) {
    v.field("device", device, {.help = "cpu, cuda or cuda:N"});
    v.field("threads", threads, {.help = "number of CPU threads", .min = 1, .max = 1024});
    v.field("memory_format", memory_format, {.help = "memory layout of tensors"});
    v.field("drift_correction", drift_correction,
            {.help = "on a CPU: time a small reference network between intervals of runs, convert "
                     "all latencies to one speed of the machine, and repeat disturbed intervals"});
    v.field("reference_ms", reference_ms,
            {.help = "drift_correction: that speed, given as the time of the reference network; "
                     "~: its time when the search begins, which is kept for the whole search",
             .unit = "ms",
             .min = 1e-3,
             .max = 1e6});
  }
};

/// Your own program prices a network.
struct CommandLatencyConfig {
  std::optional<std::vector<std::string>> command;
  NetworkFormat network_format = NetworkFormat::kYaml;
  double timeout_s = 600;

  template <class V>
  void describe(V& v) {
    v.field("command", command,
            {.help = "program and arguments; the path of the network's file is appended; the last "
                     "line of the program's output must be the latency in milliseconds"});
    v.field("network_format", network_format,
            {.help = "format of the network's file. yaml: the architecture; torchscript, onnx: the "
                     "network with random weights (fp32, any batch size), with the architecture "
                     "beside it as .yaml"});
    v.field("timeout_s", timeout_s,
            {.help = "a program that runs longer is killed, and the trial fails with status "
                     "time_out",
             .unit = "s",
             .min = 0.01,
             .max = 1e6});
  }
};

/// What a formula's latencies are wanted for. A warning says where the hardware file holds for
/// something else.
struct DeployedConfig {
  std::optional<std::string> framework = {};
  std::optional<MemoryFormat> layout = {};
  std::optional<bool> compiled = {};

  template <class V>
  void describe(V& v) {
    v.field("framework", framework,
            {.help = "framework that the network will run in (PyTorch); a warning says if the "
                     "hardware file holds for another one; ~: any"});
    v.field("layout", layout,
            {.help = "memory layout that it will run in, channels_last or contiguous; likewise"});
    v.field("compiled", compiled,
            {.help = "whether the whole network will be compiled (XLA, TensorRT, torch.compile) "
                     "or run operator by operator; likewise"});
  }
};

struct LatencyConfig {
  LatencyKind kind = LatencyKind::kRoofline;
  std::string hardware = "xeon_skylake";
  int batch = 1;
  std::optional<Precision> precision;
  DeployedConfig deployed;
  MeasuredLatencyConfig measured;
  TimingConfig timing;
  std::string table;
  CommandLatencyConfig command;
  TableConfig table_file = {.unit = TableUnit::kMs};

  template <class V>
  void describe(V& v) {
    using enum LatencyKind;
    v.field("kind", kind,
            {.help = "roofline: roofline model per operator; whole_network: the paper's Equation "
                     "1; power_law: formula of multiply-adds and activations; measured: run on "
                     "this machine; table: sum of operators measured before; command: your own "
                     "program; table_file, surrogate: for spaces of plain decisions, looked up in "
                     "a CSV file or fitted to it; none: only accuracy counts (with "
                     "reward.target_ms: 1)"});
    v.field("hardware", hardware,
            {.help = "a name in configs/hardware, or the path of a hardware file"},
            used_by("kind", kind, {kRoofline, kWholeNetwork, kPowerLaw}));
    v.field("batch", batch,
            {.help = "images per inference", .unit = "images", .min = 1, .max = 65536});
    v.field("precision", precision,
            {.help = "fp32, tf32, bf16 or fp16; ~: default of the hardware file (roofline, "
                     "whole_network, power_law), fp32 (measured, command), that of the table "
                     "(table)"});
    v.part(deployed, used_by("kind", kind, {kRoofline, kWholeNetwork, kPowerLaw}));
    v.part(measured, used_by("kind", kind, {kMeasured}));
    v.part(timing, used_by("kind", kind, {kMeasured, kTable}));
    v.field("table", table, {.help = "file written by `ridgeline latency build-table`"},
            used_by("kind", kind, {kTable}));
    v.part(command, used_by("kind", kind, {kCommand}));
    v.section("table_file", table_file, "latencies of a space of plain decisions",
              used_by("kind", kind, {kTableFile, kSurrogate}));
  }
};

}  // namespace ridgeline
