#pragma once

#include "core/config.h"
#include "network/precision.h"

namespace ridgeline {

enum class LatencyKind { kRoofline, kWholeNetwork, kMeasured };
template <>
struct EnumNames<LatencyKind> {
  static constexpr std::array<std::pair<LatencyKind, const char*>, 3> values{
      {{LatencyKind::kRoofline, "roofline"},
       {LatencyKind::kWholeNetwork, "whole_network"},
       {LatencyKind::kMeasured, "measured"}}};
};

struct LatencyConfig {
  LatencyKind kind = LatencyKind::kRoofline;
  std::string hardware = "xeon_skylake";
  int batch = 1;
  std::optional<Precision> precision;
  std::string device = "cpu";
  int threads = 1;
  int warmup = 3;
  int repeats = 20;

  template <class V>
  void describe(V& v) {
    v.field("kind", kind,
            {.help = "roofline: per operator; whole_network: the paper's Equation 1; measured: on "
                     "this machine"});
    v.field("hardware", hardware,
            {.help = "analytic oracles: a name in configs/hardware, or a path to a hardware file"});
    v.field("batch", batch,
            {.help = "images per inference", .unit = "images", .min = 1, .max = 65536});
    v.field(
        "precision", precision,
        {.help =
             "fp32, tf32, bf16 or fp16; ~: the hardware file's own (analytic), fp32 (measured)"});
    v.field("device", device, {.help = "measured oracle: cpu, cuda or cuda:N"});
    v.field("threads", threads, {.help = "measured oracle: CPU threads", .min = 1, .max = 1024});
    v.field("warmup", warmup,
            {.help = "measured oracle: untimed runs first", .min = 0, .max = 10000});
    v.field("repeats", repeats,
            {.help = "measured oracle: timed runs; the median counts", .min = 3, .max = 100000});
  }
};

}  // namespace ridgeline
