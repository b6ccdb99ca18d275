#include "experiments/paper/comparison.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "latency/fusing.h"
#include "latency/whole_network.h"
#include "network/cost.h"
#include "network/published/known_networks.h"

namespace ridgeline::paper {
namespace {

// Fitted on the 20 rows of EfficientNet and EfficientNet-X in Tables 3 and 4, then rounded (1.94
// and 0.77); nothing else about them is known.
constexpr double kConvolutionPasses = 1.9;
constexpr double kDepthwisePasses = 0.8;
// On top of the others, from RegNetY's rows: XLA lowered grouped convolutions badly.
constexpr double kGroupedPasses = 12;
constexpr double kBytesPerElement = 2;

size_t index_of(const std::string& name) {
  return static_cast<size_t>(&table3_row(name) - table3().data());
}

}  // namespace

double table_intensity(const Network& network) {
  double madds = 0, elements = 0;
  for (int i = 1; i < network.size(); ++i) {
    const Node& node = network.node(i);
    const auto* conv = std::get_if<Conv2d>(&node.op);
    if (!conv && !std::holds_alternative<Linear>(node.op)) continue;
    const OperatorCost needs = cost(network, i);
    const double moved =
        static_cast<double>(needs.input_elements + needs.output_elements) * kBatch +
        static_cast<double>(needs.weight_elements);
    double passes = kConvolutionPasses;
    if (conv && is_depthwise(*conv, network.node(node.inputs[0]).shape)) {
      passes = kDepthwisePasses;
    } else if (conv && conv->groups > 2) {
      passes *= kGroupedPasses;
    }
    madds += static_cast<double>(needs.madds) * kBatch;
    elements += passes * moved;
  }
  return 2 * madds / (elements * kBytesPerElement);
}

double roofline_ms(const std::string& network, const std::string& hardware) {
  return RooflineOracle(load_hardware(hardware), kBatch).estimate(load_network(network)).ms;
}

OurRow price(const PublishedRow& row) {
  static constexpr double kMillion = 1e6, kBillion = 1e9;
  const Hardware tpu = load_hardware("tpu_v3"), v100 = load_hardware("v100");
  const Network on_tpu = load_network(row.timed_on_tpu);
  const Network on_v100 = load_network(row.timed_on_v100);
  const OperatorCost counted = cost(load_network(row.counted)).total;
  const Latency latency = RooflineOracle(tpu, kBatch).estimate(on_tpu);
  OurRow ours{.params_m = static_cast<double>(counted.params) / kMillion,
              .madds_g = static_cast<double>(counted.madds) / kBillion,
              .intensity = table_intensity(on_tpu),
              .tpu_v3_ms = latency.ms,
              .v100_ms = RooflineOracle(v100, kBatch).estimate(on_v100).ms,
              .tpu_v3_equation1_ms = WholeNetworkOracle(tpu, kBatch).estimate(on_tpu).ms,
              .v100_equation1_ms = WholeNetworkOracle(v100, kBatch).estimate(on_v100).ms};
  const double roof =
      std::min(tpu.peak_flops(tpu.default_precision), ours.intensity * tpu.bytes_per_second());
  ours.efficiency_percent = 100 * latency.flops / (latency.ms * 1e-3) / roof;
  return ours;
}

std::vector<OurRow> price(const std::vector<PublishedRow>& rows) {
  std::vector<OurRow> ours;
  for (const PublishedRow& row : rows) ours.push_back(price(row));
  return ours;
}

double error(double ours, double theirs) { return ours / theirs - 1; }

double mean_error(const std::vector<double>& ours, const std::vector<double>& theirs) {
  double sum = 0;
  for (size_t i = 0; i < ours.size(); ++i) sum += std::abs(error(ours[i], theirs[i]));
  return sum / static_cast<double>(ours.size());
}

double geometric_mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += std::log(value);
  return std::exp(sum / static_cast<double>(values.size()));
}

SpeedUp speed_up(const std::vector<NamePair>& pairs, const std::vector<OurRow>& ours) {
  std::vector<double> paper_tpu, paper_v100, ours_tpu, ours_v100;
  for (const NamePair& pair : pairs) {
    const size_t slower = index_of(pair.slower), faster = index_of(pair.faster);
    paper_tpu.push_back(table3()[slower].tpu_v3_ms / table3()[faster].tpu_v3_ms);
    paper_v100.push_back(table3()[slower].v100_ms / table3()[faster].v100_ms);
    ours_tpu.push_back(ours[slower].tpu_v3_ms / ours[faster].tpu_v3_ms);
    ours_v100.push_back(ours[slower].v100_ms / ours[faster].v100_ms);
  }
  return {geometric_mean(paper_tpu), geometric_mean(paper_v100), geometric_mean(ours_tpu),
          geometric_mean(ours_v100)};
}

std::vector<NamePair> efficientnet_pairs() {
  std::vector<NamePair> pairs;
  for (int level = 0; level < 8; ++level) {
    const std::string suffix = "B" + std::to_string(level);
    pairs.push_back({"EfficientNet-" + suffix, "EfficientNet-X-" + suffix});
  }
  return pairs;
}

}  // namespace ridgeline::paper
