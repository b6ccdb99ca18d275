#include "core/units.h"
#include "experiments/paper/comparison.h"
#include "experiments/paper/reports.h"

namespace ridgeline::paper {
namespace {

std::string counts_table(const std::vector<OurRow>& ours) {
  TextTable table;
  table.header = {"network", "params M", "error", "MAdds G", "error", "I", "error", "E %"};
  for (size_t i = 0; i < ours.size(); ++i) {
    const PublishedRow& row = table3()[i];
    table.rows.push_back({row.name, both_text(ours[i].params_m, row.params_m, 1),
                          percent_text(error(ours[i].params_m, row.params_m)),
                          both_text(ours[i].madds_g, row.madds_g, 2),
                          percent_text(error(ours[i].madds_g, row.madds_g)),
                          both_text(ours[i].intensity, row.intensity, 1),
                          percent_text(error(ours[i].intensity, row.intensity)),
                          both_text(ours[i].efficiency_percent, row.efficiency_percent, 0)});
  }
  return table.str();
}

std::string latency_table(const std::vector<OurRow>& ours) {
  TextTable table;
  table.header = {"network", "TPUv3 ms", "error", "Eq. 1", "V100 ms", "error", "Eq. 1", ""};
  for (size_t i = 0; i < ours.size(); ++i) {
    const PublishedRow& row = table3()[i];
    table.rows.push_back({row.name, both_text(ours[i].tpu_v3_ms, row.tpu_v3_ms, 1),
                          percent_text(error(ours[i].tpu_v3_ms, row.tpu_v3_ms)),
                          percent_text(error(ours[i].tpu_v3_equation1_ms, row.tpu_v3_ms)),
                          both_text(ours[i].v100_ms, row.v100_ms, 1),
                          percent_text(error(ours[i].v100_ms, row.v100_ms)),
                          percent_text(error(ours[i].v100_equation1_ms, row.v100_ms)),
                          row.doubt_on_tpu.empty() ? "" : "TPUv3 latency set aside"});
  }
  return table.str();
}

/// The values of the rows that `counts` accepts.
struct Columns {
  std::vector<double> ours, baseline, theirs;
  std::string summary(const std::string& device) const {
    return device + ", " + std::to_string(ours.size()) + " rows: mean absolute error " +
           format_fixed(mean_error(ours, theirs) * 100, 1) +
           " %; Equation 1 on the whole network " +
           format_fixed(mean_error(baseline, theirs) * 100, 1) + " %\n";
  }
};

std::string error_summary(const std::vector<OurRow>& ours) {
  Columns tpu, v100, intensity;
  for (size_t i = 0; i < ours.size(); ++i) {
    const PublishedRow& row = table3()[i];
    v100.ours.push_back(ours[i].v100_ms);
    v100.baseline.push_back(ours[i].v100_equation1_ms);
    v100.theirs.push_back(row.v100_ms);
    if (row.family.starts_with("EfficientNet")) {
      intensity.ours.push_back(ours[i].intensity);
      intensity.theirs.push_back(row.intensity);
    }
    if (!row.doubt_on_tpu.empty()) continue;
    tpu.ours.push_back(ours[i].tpu_v3_ms);
    tpu.baseline.push_back(ours[i].tpu_v3_equation1_ms);
    tpu.theirs.push_back(row.tpu_v3_ms);
  }
  return tpu.summary("TPUv3") + v100.summary("V100") + "I of EfficientNet and EfficientNet-X: " +
         format_fixed(mean_error(intensity.ours, intensity.theirs) * 100, 1) + " %\n";
}

std::string speed_up_table(const std::vector<OurRow>& ours) {
  TextTable table;
  table.header = {"EfficientNet-X is faster, geomean", "TPUv3 ours", "paper", "V100 ours", "paper"};
  const auto add = [&](const std::string& than, const std::vector<NamePair>& pairs) {
    const SpeedUp factor = speed_up(pairs, ours);
    table.rows.push_back({than, format_fixed(factor.ours_tpu, 2), format_fixed(factor.paper_tpu, 2),
                          format_fixed(factor.ours_v100, 2), format_fixed(factor.paper_v100, 2)});
  };
  add("than EfficientNet (8 levels)", efficientnet_pairs());
  add("than RegNetY (B0, B1, B2)", {{"RegNetY-800MF", "EfficientNet-X-B0"},
                                    {"RegNetY-4.0GF", "EfficientNet-X-B1"},
                                    {"RegNetY-8.0GF", "EfficientNet-X-B2"}});
  add("than ResNeSt (B4, B5, B7)", {{"ResNeSt-101", "EfficientNet-X-B4"},
                                    {"ResNeSt-200", "EfficientNet-X-B5"},
                                    {"ResNeSt-269", "EfficientNet-X-B7"}});
  return table.str();
}

std::string table3_csv(const std::vector<OurRow>& ours) {
  std::vector<std::vector<std::string>> rows;
  const auto digits = [](double value) { return format_fixed(value, 3); };
  for (size_t i = 0; i < ours.size(); ++i) {
    const PublishedRow& row = table3()[i];
    rows.push_back({row.name, row.family, digits(ours[i].params_m), digits(row.params_m),
                    digits(ours[i].madds_g), digits(row.madds_g), digits(ours[i].intensity),
                    digits(row.intensity), digits(ours[i].efficiency_percent),
                    digits(row.efficiency_percent), digits(ours[i].tpu_v3_ms),
                    digits(row.tpu_v3_ms), digits(ours[i].v100_ms), digits(row.v100_ms)});
  }
  return to_csv({"network", "family", "params_m", "paper_params_m", "madds_g", "paper_madds_g",
                 "intensity", "paper_intensity", "efficiency_percent", "paper_efficiency_percent",
                 "tpu_v3_ms", "paper_tpu_v3_ms", "v100_ms", "paper_v100_ms"},
                rows);
}

}  // namespace

Report table3_report() {
  const std::vector<OurRow> ours = price(table3());
  std::string text = "Table 3, ours / paper; I and E on TPUv3\n\n" + counts_table(ours) +
                     "\nms of a batch of 128; Eq. 1: error of the whole-network baseline\n\n" +
                     latency_table(ours) + "\n" + error_summary(ours) + "\n" +
                     speed_up_table(ours) + "\nWhere the paper contradicts itself:\n";
  for (const std::string& line : contradictions()) text += "- " + line + "\n";
  return {text, {{"table3.csv", table3_csv(ours)}}};
}

}  // namespace ridgeline::paper
