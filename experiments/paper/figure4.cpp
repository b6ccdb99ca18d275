#include "core/units.h"
#include "experiments/paper/comparison.h"
#include "experiments/paper/reports.h"
#include "experiments/paper/speed_ups.h"

namespace ridgeline::paper {
namespace {

// Read off the paper's chart: about these factors, no more digits.
constexpr double kPaperX = 1.9, kPaperEfficientNet = 1.5;

std::string gain_table(const GenerationGains& real, const GenerationGains& half) {
  TextTable table;
  table.header = {"level", "X: TPUv2", "EfficientNet: TPUv2", "X: half TPUv3",
                  "EfficientNet: half TPUv3"};
  const auto add = [&](const std::string& level, double a, double b, double c, double d) {
    table.rows.push_back(
        {level, format_fixed(a, 2), format_fixed(b, 2), format_fixed(c, 2), format_fixed(d, 2)});
  };
  for (size_t i = 0; i < real.x.size(); ++i) {
    add("B" + std::to_string(i), real.x[i], real.efficientnet[i], half.x[i], half.efficientnet[i]);
  }
  add("geomean", geometric_mean(real.x), geometric_mean(real.efficientnet), geometric_mean(half.x),
      geometric_mean(half.efficientnet));
  return table.str();
}

}  // namespace

Report figure4_report() {
  const GenerationGains real = gains_from_tpu_v2(), half = gains_from_half_a_tpu_v3();
  const double relative = geometric_mean(half.x) / geometric_mean(half.efficientnet);
  const std::string text =
      "Figure 4: how much faster TPUv3 is, batch 128\n\n" + gain_table(real, half) +
      "\nThe paper's chart: X about " + format_fixed(kPaperX, 1) + ", EfficientNet about " +
      format_fixed(kPaperEfficientNet, 1) + ", X gains " +
      format_fixed(kPaperX / kPaperEfficientNet, 2) +
      " times as much; ours, with half of a TPUv3 " + "as the older chip, " +
      format_fixed(relative, 2) + " times.\n" +
      "Half a TPUv3 halves peak and bandwidth only; the TPUv2 chip has 46 of 123 TFLOP/s, 700 of " +
      "900 GB/s and a slower clock.\n";
  const Plot plot{.title = "TPUv3 over TPUv2, batch 128",
                  .x = {.label = "level", .categories = level_names()},
                  .y = {.label = "speed-up (ratio of latencies)"},
                  .series = {level_series("X, TPUv2", real.x, 0, false),
                             level_series("X, half TPUv3", half.x, 0, true),
                             level_series("EfficientNet, TPUv2", real.efficientnet, 1, false),
                             level_series("EfficientNet, half TPUv3", half.efficientnet, 1, true)},
                  .note = "half TPUv3: half of its peak and bandwidth, all else equal"};
  return {text, {{"figure4.svg", to_svg(plot)}}};
}

}  // namespace ridgeline::paper
