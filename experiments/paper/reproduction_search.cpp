#include "experiments/paper/reproduction_search.h"

#include "core/config_path.h"
#include "core/units.h"
#include "experiments/paper/findings.h"
#include "experiments/paper/published.h"

namespace ridgeline::paper {

Bench::Bench(const Device& device, const std::filesystem::path& data,
             const Assumptions& assumptions)
    : device_(device),
      oracle_(load_hardware(device.hardware), kBatch),
      accuracy_(data, assumptions),
      reward_(paper_reward(device.target == "gpu" ? table3().front().v100_ms
                                                  : table3().front().tpu_v3_ms)) {}

SearchSpace load_space(const std::string& name) {
  return SearchSpace::load(find_config("spaces", name));
}

Architecture shipped_architecture(const std::string& name) {
  return load_architecture(find_config("architectures", name));
}

Architecture efficientnet_b0_relu() {
  Architecture b0 = shipped_architecture("efficientnet_b0");
  b0.stem.activation = b0.head.activation = ActivationKind::kRelu;
  for (Stage& stage : b0.stages) stage.activation = ActivationKind::kRelu;
  return b0;
}

std::vector<MeasuredRatio> measured_ratios(const std::filesystem::path& data, const Architecture& a,
                                           const Architecture& b) {
  std::vector<MeasuredRatio> ratios;
  for (const auto& [device, column] :
       {std::pair<std::string, std::string>{"A100", "a100"}, {"RTX 3090", "3090"}}) {
    const Surrogate surrogate(
        accel_nasbench_column(data, column + "_throughput_img_s", TableUnit::kImagesPerS),
        "latency.table_file", kBatch);
    ratios.push_back({device, surrogate.predict(accel_nasbench_point(a)).value() /
                                  surrogate.predict(accel_nasbench_point(b)).value()});
  }
  return ratios;
}

std::vector<std::string> scored_header() {
  return {"network", "accuracy %", "ms", "reward", "operators and activations", "blocks"};
}

std::vector<std::string> scored_row(const std::string& name, const Scored& scored) {
  return {name,
          format_fixed(100 * scored.accuracy, 2),
          format_fixed(scored.latency_ms, 2),
          format_fixed(scored.reward, 5),
          text_of(findings_of(scored.architecture)),
          blocks_text(scored.architecture)};
}

}  // namespace ridgeline::paper
