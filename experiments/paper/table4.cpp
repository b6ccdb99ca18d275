#include "core/units.h"
#include "experiments/paper/comparison.h"
#include "experiments/paper/reports.h"

namespace ridgeline::paper {
namespace {

std::string rows_table(const std::vector<OurRow>& ours) {
  TextTable table;
  table.header = {"step",     "params M", "MAdds G", "I",    "error",
                  "TPUv3 ms", "error",    "V100 ms", "error"};
  for (size_t i = 0; i < ours.size(); ++i) {
    const PublishedRow& row = table4()[i];
    table.rows.push_back({row.name, both_text(ours[i].params_m, row.params_m, 1),
                          both_text(ours[i].madds_g, row.madds_g, 2),
                          both_text(ours[i].intensity, row.intensity, 1),
                          percent_text(error(ours[i].intensity, row.intensity)),
                          both_text(ours[i].tpu_v3_ms, row.tpu_v3_ms, 1),
                          percent_text(error(ours[i].tpu_v3_ms, row.tpu_v3_ms)),
                          both_text(ours[i].v100_ms, row.v100_ms, 1),
                          percent_text(error(ours[i].v100_ms, row.v100_ms))});
  }
  return table.str();
}

std::string steps_table(const std::vector<OurRow>& ours) {
  TextTable table;
  table.header = {"how much faster each step is", "TPUv3 ours", "paper", "V100 ours", "paper"};
  const auto add = [&](const std::string& name, size_t from, size_t to) {
    table.rows.push_back({name, format_fixed(ours[from].tpu_v3_ms / ours[to].tpu_v3_ms, 2),
                          format_fixed(table4()[from].tpu_v3_ms / table4()[to].tpu_v3_ms, 2),
                          format_fixed(ours[from].v100_ms / ours[to].v100_ms, 2),
                          format_fixed(table4()[from].v100_ms / table4()[to].v100_ms, 2)});
  };
  for (size_t i = 1; i < ours.size(); ++i) add(table4()[i].name, i - 1, i);
  add("all three", 0, ours.size() - 1);
  return table.str();
}

std::string table4_csv(const std::vector<OurRow>& ours) {
  std::vector<std::vector<std::string>> rows;
  const auto digits = [](double value) { return format_fixed(value, 3); };
  for (size_t i = 0; i < ours.size(); ++i) {
    const PublishedRow& row = table4()[i];
    rows.push_back({row.name, digits(ours[i].params_m), digits(row.params_m),
                    digits(ours[i].madds_g), digits(row.madds_g), digits(ours[i].intensity),
                    digits(row.intensity), digits(ours[i].tpu_v3_ms), digits(row.tpu_v3_ms),
                    digits(ours[i].v100_ms), digits(row.v100_ms)});
  }
  return to_csv({"step", "params_m", "paper_params_m", "madds_g", "paper_madds_g", "intensity",
                 "paper_intensity", "tpu_v3_ms", "paper_tpu_v3_ms", "v100_ms", "paper_v100_ms"},
                rows);
}

}  // namespace

Report table4_report() {
  const std::vector<OurRow> ours = price(table4());
  return {"Table 4, ours / paper, batch 128; I on TPUv3\n\n" + rows_table(ours) + "\n" +
              steps_table(ours) +
              "\nThe paper's step \"+SpaceToDepth\" includes wider squeeze-and-excite: the reshape "
              "alone adds 0.03M of its 1.9M parameters.\n",
          {{"table4.csv", table4_csv(ours)}}};
}

}  // namespace ridgeline::paper
