#pragma once

#include <string>
#include <vector>

#include "report/plot.h"

namespace ridgeline::paper {

/// Speed-ups per level, B0 to B7, at batch 128.
struct LevelSpeedUps {
  std::vector<double> search;  ///< EfficientNet over X with EfficientNet's scaling
  std::vector<double> both;    ///< EfficientNet over X with the released LACS coefficients
  std::vector<double> paper;   ///< the latencies of Table 3
};

/// `hardware` is tpu_v3 or v100; `target` (tpu or gpu) chooses the activations of X.
LevelSpeedUps x_over_efficientnet(const std::string& hardware, const std::string& target);

/// Latency on an older chip over that on TPUv3, per level.
struct GenerationGains {
  std::vector<double> x, efficientnet;
};
/// From the real TPUv2 chip (hardware file tpu_v2).
GenerationGains gains_from_tpu_v2();
/// From a TPUv3 of half the peak rates and half the bandwidth, all else equal: what the change of
/// the roofline alone explains.
GenerationGains gains_from_half_a_tpu_v3();

/// "B0" to "B7"
std::vector<std::string> level_names();
/// One value per level; what the paper or an assumption says is dashed.
Series level_series(const std::string& name, const std::vector<double>& values, int color,
                    bool dashed);

}  // namespace ridgeline::paper
