#include "experiments/paper/speed_ups.h"

#include "experiments/paper/comparison.h"
#include "latency/roofline.h"
#include "network/published/known_networks.h"

namespace ridgeline::paper {
namespace {

constexpr int kLevels = 8;

std::string efficientnet(int level) { return "efficientnet_b" + std::to_string(level); }
std::string x_network(int level, const std::string& target, const std::string& preset) {
  return "efficientnet_x_b" + std::to_string(level) + "_" + target + preset;
}

GenerationGains gains(const Hardware& older) {
  const RooflineOracle before(older, kBatch), after(load_hardware("tpu_v3"), kBatch);
  const auto gain = [&](const std::string& name) {
    const Network network = load_network(name);
    return before.estimate(network).ms / after.estimate(network).ms;
  };
  GenerationGains result;
  for (int level = 0; level < kLevels; ++level) {
    result.x.push_back(gain(x_network(level, "tpu", "_released")));
    result.efficientnet.push_back(gain(efficientnet(level)));
  }
  return result;
}

}  // namespace

LevelSpeedUps x_over_efficientnet(const std::string& hardware, const std::string& target) {
  const RooflineOracle oracle(load_hardware(hardware), kBatch);
  const auto ms = [&](const std::string& name) { return oracle.estimate(load_network(name)).ms; };
  LevelSpeedUps result;
  for (int level = 0; level < kLevels; ++level) {
    const double slow = ms(efficientnet(level));
    result.search.push_back(slow / ms(x_network(level, target, "")));
    result.both.push_back(slow / ms(x_network(level, target, "_released")));
    const PublishedRow b = table3_row("EfficientNet-B" + std::to_string(level));
    const PublishedRow x = table3_row("EfficientNet-X-B" + std::to_string(level));
    result.paper.push_back(hardware == "v100" ? b.v100_ms / x.v100_ms : b.tpu_v3_ms / x.tpu_v3_ms);
  }
  return result;
}

GenerationGains gains_from_tpu_v2() { return gains(load_hardware("tpu_v2")); }

GenerationGains gains_from_half_a_tpu_v3() {
  Hardware half = load_hardware("tpu_v3");
  half.matrix.bf16 = *half.matrix.bf16 / 2;
  half.memory.bandwidth_gbps /= 2;
  return gains(half);
}

std::vector<std::string> level_names() {
  std::vector<std::string> names;
  for (int level = 0; level < kLevels; ++level) names.push_back("B" + std::to_string(level));
  return names;
}

Series level_series(const std::string& name, const std::vector<double>& values, int color,
                    bool dashed) {
  Series series{.name = name,
                .x = {},
                .y = values,
                .dashed = dashed,
                .marker = dashed ? Marker::kSquare : Marker::kCircle,
                .color = color};
  for (size_t i = 0; i < values.size(); ++i) series.x.push_back(static_cast<double>(i));
  return series;
}

}  // namespace ridgeline::paper
