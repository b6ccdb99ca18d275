#include "experiments/paper/reports.h"

int main(int argc, char** argv) {
  return ridgeline::paper::run_program(argc, argv, "paper_table3",
                                       "Table 3 of the EfficientNet-X paper: counts, I, E and "
                                       "latency of 26 networks, ours beside the paper's.",
                                       ridgeline::paper::table3_report);
}
