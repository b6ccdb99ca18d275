#pragma once

#include "core/config.h"
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

/// Order of a tensor's elements in memory: N H W C or N C H W.
enum class MemoryFormat { kChannelsLast, kContiguous };
template <>
struct EnumNames<MemoryFormat> {
  static constexpr std::array<std::pair<MemoryFormat, const char*>, 2> values{
      {{MemoryFormat::kChannelsLast, "channels_last"}, {MemoryFormat::kContiguous, "contiguous"}}};
};

/// What a command is given of a network.
enum class NetworkFormat { kYaml, kTorchScript };
template <>
struct EnumNames<NetworkFormat> {
  static constexpr std::array<std::pair<NetworkFormat, const char*>, 2> values{
      {{NetworkFormat::kYaml, "yaml"}, {NetworkFormat::kTorchScript, "torchscript"}}};
};

struct LatencyConfig {
  LatencyKind kind = LatencyKind::kRoofline;
  std::string hardware = "xeon_skylake";
  int batch = 1;
  std::optional<Precision> precision;
  std::string device = "cpu";
  int threads = 1;
  MemoryFormat memory_format = MemoryFormat::kChannelsLast;
  int warmup = 3;
  int repeats = 200;
  double confidence_width = 0.02;
  double time_limit_s = 10;
  bool steady = true;
  std::optional<double> reference_ms;
  std::string table;
  std::optional<std::vector<std::string>> command;
  NetworkFormat network_format = NetworkFormat::kYaml;
  double timeout_s = 600;
  TableConfig table_file = {.unit = TableUnit::kMs};

  template <class V>
  void describe(V& v) {
    v.field("kind", kind,
            {.help = "roofline: per operator; whole_network: the paper's Equation 1; power_law: "
                     "of multiply-adds and activations; measured: on this machine; table: sum of "
                     "operators measured before; command: your own "
                     "program; of plain decisions: table_file: looked up, surrogate: fitted to "
                     "such a file; none: accuracy alone counts (with reward.target_ms: 1)"});
    v.field("hardware", hardware,
            {.help = "analytic oracles: a name in configs/hardware, or a path to a hardware file"});
    v.field("batch", batch,
            {.help = "images per inference", .unit = "images", .min = 1, .max = 65536});
    v.field("precision", precision,
            {.help = "fp32, tf32, bf16 or fp16; ~: the hardware file's own (analytic), fp32 "
                     "(measured, command), the "
                     "table's own (table)"});
    v.field("device", device,
            {.help = "measured oracle (a table has its own): cpu, cuda or cuda:N"});
    v.field("threads", threads,
            {.help = "measured oracle (a table has its own): CPU threads", .min = 1, .max = 1024});
    v.field("memory_format", memory_format,
            {.help = "measured oracle (a table has its own): layout of tensors"});
    v.field("warmup", warmup,
            {.help = "measured and table oracle: untimed runs first", .min = 0, .max = 10000});
    v.field("repeats", repeats,
            {.help = "measured and table oracle: most timed runs; the median counts",
             .min = 6,
             .max = 100000});
    v.field("confidence_width", confidence_width,
            {.help = "enough runs: the 95 % interval of the median is within this share of it to "
                     "either side",
             .min = 1e-4,
             .max = 1});
    v.field("time_limit_s", time_limit_s,
            {.help = "measured oracle: most time for the runs of one network (a noisy machine gets "
                     "three such series)",
             .unit = "s",
             .min = 1e-3,
             .max = 86400});
    v.field("steady", steady,
            {.help = "measured oracle on a CPU: time a small fixed network between spells of runs, "
                     "state latencies at one speed of the machine and repeat disturbed spells"});
    v.field("reference_ms", reference_ms,
            {.help = "steady: that speed, as the time of the fixed network; ~: what it takes when "
                     "the search begins, kept for the whole of it",
             .unit = "ms",
             .min = 1e-3,
             .max = 1e6});
    v.field("table", table,
            {.help = "table oracle: file that `ridgeline latency build-table` wrote"});
    v.field("command", command,
            {.help = "command oracle: program and arguments; the path of the network's file is "
                     "appended; the last line of its output is the milliseconds"});
    v.field("network_format", network_format,
            {.help = "command oracle: yaml: that file is the architecture; torchscript: a "
                     "TorchScript module with random weights (fp32, any batch), and the "
                     "architecture lies beside it as .yaml"});
    v.field("timeout_s", timeout_s,
            {.help = "command oracle: a program that takes longer is ended, and its trial failed",
             .unit = "s",
             .min = 0.01,
             .max = 1e6});
    v.section("table_file", table_file, "kinds table_file and surrogate: latencies by decisions");
  }
};

}  // namespace ridgeline
