#include "core/units.h"
#include "experiments/paper/comparison.h"
#include "experiments/paper/reports.h"
#include "experiments/paper/speed_ups.h"

namespace ridgeline::paper {
namespace {

struct Device {
  std::string hardware, title, target;  // target: of the networks' names
  /// The text's factors of the search alone and of LACS on top; 0: not given.
  double paper_search, paper_lacs;
};

std::string figure3_table(const LevelSpeedUps& factors) {
  TextTable table;
  table.header = {"level", "search alone", "LACS on top", "both", "paper", "error"};
  const auto add = [&](const std::string& level, double search, double both, double paper) {
    table.rows.push_back({level, format_fixed(search, 2), format_fixed(both / search, 2),
                          format_fixed(both, 2), format_fixed(paper, 2),
                          percent_text(error(both, paper))});
  };
  for (size_t i = 0; i < factors.both.size(); ++i) {
    add("B" + std::to_string(i), factors.search[i], factors.both[i], factors.paper[i]);
  }
  add("geomean", geometric_mean(factors.search), geometric_mean(factors.both),
      geometric_mean(factors.paper));
  return table.str();
}

std::string svg_of(const Device& device, const LevelSpeedUps& factors) {
  const Plot plot{.title = "EfficientNet-X over EfficientNet on " + device.title + ", batch 128",
                  .x = {.label = "level", .categories = level_names()},
                  .y = {.label = "speed-up (ratio of latencies)"},
                  .series = {level_series("ours: search and LACS", factors.both, 0, false),
                             level_series("ours: search alone", factors.search, 5, false),
                             level_series("paper: Table 3", factors.paper, 1, true)}};
  return to_svg(plot);
}

}  // namespace

Report figure3_report() {
  Report report{"Figure 3: speed-up of EfficientNet-X over EfficientNet, batch 128\n"};
  const std::vector<Device> devices = {{"tpu_v3", "TPUv3", "tpu", 1.50, 1.14},
                                       {"v100", "V100", "gpu", 0, 1.25}};
  for (const Device& device : devices) {
    const LevelSpeedUps factors = x_over_efficientnet(device.hardware, device.target);
    report.text += "\n" + device.title + "\n" + figure3_table(factors) + "the paper's text: ";
    if (device.paper_search > 0) {
      report.text += "search about " + format_fixed(device.paper_search, 2) + ", ";
    }
    report.text += "LACS " + format_fixed(device.paper_lacs, 2) + "\n";
    report.files.push_back({"figure3_" + device.hardware + ".svg", svg_of(device, factors)});
  }
  report.text +=
      "\nThe text's two factors on TPUv3 multiply to 1.71, while Table 3 gives 1.56. \"Search "
      "alone\" is EfficientNet-X with EfficientNet's own scaling, \"LACS on top\" the released "
      "coefficients over that.\n";
  return report;
}

}  // namespace ridgeline::paper
