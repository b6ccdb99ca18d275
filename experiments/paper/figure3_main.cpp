#include "experiments/paper/reports.h"

int main(int argc, char** argv) {
  return ridgeline::paper::run_program(argc, argv, "paper_figure3",
                                       "Figure 3 of the EfficientNet-X paper: speed-up of X over "
                                       "EfficientNet, the shares of search and LACS.",
                                       ridgeline::paper::figure3_report);
}
