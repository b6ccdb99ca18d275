#include "experiments/paper/reports.h"

int main(int argc, char** argv) {
  return ridgeline::paper::run_program(
      argc, argv, "paper_figure4",
      "Figure 4 of the EfficientNet-X paper: speed-up from TPUv2 to TPUv3 of X and EfficientNet.",
      ridgeline::paper::figure4_report);
}
