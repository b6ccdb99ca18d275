#include "experiments/paper/reports.h"

int main(int argc, char** argv) {
  return ridgeline::paper::run_program(argc, argv, "paper_figure2",
                                       "Figure 2 of the EfficientNet-X paper: rooflines of TPUv3, "
                                       "V100 and Xeon with networks on them.",
                                       ridgeline::paper::figure2_report);
}
