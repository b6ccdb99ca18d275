#include "experiments/paper/reports.h"
#include "experiments/paper/reproduction.h"
#include "experiments/paper/table6.h"

namespace ridgeline::paper {
namespace {

std::string fenced(const std::string& text) { return "```text\n" + text + "```\n"; }

}  // namespace

const std::vector<Device>& devices() {
  static const std::vector<Device> list = {{"v100", "V100", "gpu"}, {"tpu_v3", "TPUv3", "tpu"}};
  return list;
}

std::string tables_section() {
  return "## Tables 3 and 4: networks\n\n`paper_table3`, `paper_table4`\n\n" +
         fenced(table3_report().text + "\n" + table4_report().text) +
         "\n## Figures 2 to 4\n\n`paper_figure2`, `paper_figure3`, `paper_figure4`; `--out DIR` "
         "writes the plots.\n\n" +
         fenced(figure2_report().text + "\n" + figure3_report().text + "\n" +
                figure4_report().text) +
         "\n## Table 6: depth and resolution of the families\n\nphi = log2(d w^2 (r/224)^2) of "
         "EfficientNet's published factors, depth = floor(16 alpha^phi), resolution = floor(224 "
         "gamma^phi).\n\n" +
         fenced(table6_text()) +
         "\nThe two differences of the TPU column are the resolutions of X-B1 (230, printed 229) "
         "and X-B3 (262, printed 263). Tables 2 and 6 contradict each other: no phi makes Table "
         "2's coefficients into the numbers of Table 6.\n\n## Table 5: X-B7 by LACS at two "
         "levels\n\n" +
         fenced(table5_dimensions_text()) +
         "\nThe second row's resolution, 350, needs a gamma of about 1.0713 before it was "
         "rounded.\n";
}

}  // namespace ridgeline::paper
