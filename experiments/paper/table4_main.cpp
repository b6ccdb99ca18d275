#include "experiments/paper/reports.h"

int main(int argc, char** argv) {
  return ridgeline::paper::run_program(
      argc, argv, "paper_table4",
      "Table 4 of the EfficientNet-X paper: the steps from EfficientNet-B0 to EfficientNet-X-B0, "
      "ours beside the paper's.",
      ridgeline::paper::table4_report);
}
