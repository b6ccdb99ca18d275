#pragma once

#include "experiments/paper/program.h"

namespace ridgeline::paper {

// What the five programs print, ours beside the paper's. Each prices the networks anew with the
// hardware files as they are.

/// Table 3: parameters, multiply-adds, I, E and latencies of 26 networks on TPUv3 and V100.
Report table3_report();
/// Table 4: the steps from EfficientNet-B0 to EfficientNet-X-B0.
Report table4_report();
/// Figure 2: rooflines of TPUv3, V100 and Xeon with networks on them; the paper's own points are
/// column I and latency of Table 3.
Report figure2_report();
/// Figure 3: speed-up of EfficientNet-X over EfficientNet per level, and what of it is due to the
/// search (single-objective scaling) and to LACS (released coefficients over single-objective).
Report figure3_report();
/// Figure 4: speed-up from TPUv2 to TPUv3 of EfficientNet-X and of EfficientNet.
Report figure4_report();

}  // namespace ridgeline::paper
