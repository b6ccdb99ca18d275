#include <algorithm>
#include <cmath>

#include "core/config_path.h"
#include "core/random.h"
#include "core/units.h"
#include "experiments/paper/coefficients.h"
#include "experiments/paper/reproduction.h"
#include "latency/roofline.h"
#include "network/cost.h"

namespace ridgeline::paper {
namespace {

constexpr int kImages = 128;
constexpr double kB0Accuracy = 0.773;
constexpr double kNoise = 0.15;  // points, about what two trainings of one network differ by
constexpr int kDraws = 20;

std::string fenced(const std::string& text) { return "```text\n" + text + "```\n"; }

CompoundCoefficients table2_coefficients(const Device& device) {
  return device.target == "gpu" ? CompoundCoefficients{1.28, 1.17, 1.07}
                                : CompoundCoefficients{1.25, 1.17, 1.09};
}

std::string triple(double depth, double width, double resolution) {
  return format_fixed(depth, 2) + ", " + format_fixed(width, 2) + ", " +
         format_fixed(resolution, 2);
}
std::string range(double low, double high) {
  return format_fixed(low, 2) + "-" + format_fixed(high, 2);
}

std::string scaling_points_text(const ScalingAccuracy& accuracy) {
  const Architecture b0 = load_architecture(find_config("architectures", "efficientnet_b0"));
  TextTable table;
  table.header = {"training", "published %", "fit %"};
  for (const ScalingPoint& point : published_scaling()) {
    table.rows.push_back(
        {point.name, format_fixed(point.top1_percent, 1),
         format_fixed(accuracy.predicted_percent(built_factors(b0, scale(b0, point.factors))), 1)});
  }
  return table.str();
}

/// Counts multiply-adds in place of time: the budget of accuracy_only scaling.
class MaddsOracle : public LatencyOracle {
 public:
  Latency estimate(const Network& network) const override {
    Latency latency;
    latency.ms = static_cast<double>(cost(network).total.madds) / 1e9;
    return latency;
  }
  std::string description() const override { return "multiply-adds"; }
};

/// The three budgets under which coefficients are compared, each at the cost of the paper's triple.
struct Budget {
  const SmoothLatency& cost;
  ScalingFactors paper;
};

ScalingFactors best_by(const ScalingAccuracy& accuracy, const Budget& budget) {
  return best_at_latency(budget.cost, accuracy, kB0Accuracy, budget.cost(budget.paper)).best;
}

/// The range of the best coefficients over fits to the points with noise of kNoise in each but the
/// first.
std::vector<std::string> noise_row(const std::string& name, const std::vector<ScalingPoint>& points,
                                   const std::vector<Budget>& budgets) {
  RandomStream stream(1, 0, "paper scaling noise");
  std::vector<ScalingFactors> low(budgets.size(), {100, 100, 100}), high(budgets.size(), {0, 0, 0});
  for (int draw = 0; draw < kDraws; ++draw) {
    std::vector<ScalingPoint> noisy = points;
    for (size_t i = 1; i < noisy.size(); ++i) noisy[i].top1_percent += kNoise * stream.normal();
    const ScalingAccuracy fit(noisy);
    for (size_t i = 0; i < budgets.size(); ++i) {
      const ScalingFactors best = best_by(fit, budgets[i]);
      low[i] = {std::min(low[i].depth, best.depth), std::min(low[i].width, best.width),
                std::min(low[i].resolution, best.resolution)};
      high[i] = {std::max(high[i].depth, best.depth), std::max(high[i].width, best.width),
                 std::max(high[i].resolution, best.resolution)};
    }
  }
  std::vector<std::string> row = {name};
  for (size_t i = 0; i < budgets.size(); ++i) {
    row.push_back(range(low[i].depth, high[i].depth) + ", " + range(low[i].width, high[i].width) +
                  ", " + range(low[i].resolution, high[i].resolution));
  }
  return row;
}

/// What the coefficients at phi = 1 rest on: the fit without one training each, and the same fit
/// under a budget of multiply-adds.
std::string sensitivity_table() {
  const auto base_of = [](const Device& device) {
    return load_architecture(find_config("architectures", "efficientnet_x_b0_" + device.target));
  };
  const Architecture gpu_base = base_of(devices()[0]), tpu_base = base_of(devices()[1]);
  const RooflineOracle v100(load_hardware("v100"), kImages), tpu(load_hardware("tpu_v3"), kImages);
  const MaddsOracle madds;
  const SmoothLatency on_v100(gpu_base, v100), on_tpu(tpu_base, tpu), counted(gpu_base, madds);
  const std::vector<Budget> budgets = {{on_v100, table2_coefficients(devices()[0]).at(1)},
                                       {on_tpu, table2_coefficients(devices()[1]).at(1)},
                                       {counted, {1.2, 1.1, 1.15}}};
  TextTable table;
  table.header = {"trainings", "V100", "TPUv3", "multiply-adds"};
  std::vector<std::string> published = {"paper, Table 2"};
  for (const Budget& budget : budgets) {
    published.push_back(triple(budget.paper.depth, budget.paper.width, budget.paper.resolution));
  }
  table.rows.push_back(published);
  const auto add = [&](const std::string& name, const std::vector<ScalingPoint>& points) {
    const ScalingAccuracy fit(points);
    std::vector<std::string> row = {name};
    for (const Budget& budget : budgets) {
      const ScalingFactors best = best_by(fit, budget);
      row.push_back(triple(best.depth, best.width, best.resolution));
    }
    table.rows.push_back(row);
  };
  add("all", published_scaling());
  for (size_t i = 1; i < published_scaling().size(); ++i) {
    std::vector<ScalingPoint> others = published_scaling();
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(i));
    add("without " + published_scaling()[i].name, others);
  }
  std::vector<ScalingPoint> family = published_scaling();
  family.resize(level_phis().size());
  add("EfficientNet-B0 to B7 alone", family);
  table.rows.push_back(noise_row("all, with noise", published_scaling(), budgets));
  table.rows.push_back(noise_row("EfficientNet-B0 to B7 alone, with noise", family, budgets));
  return table.str();
}

void add_level(TextTable& table, const Device& device, const ScalingAccuracy& accuracy,
               double phi) {
  const RooflineOracle oracle(load_hardware(device.hardware), kImages);
  const Architecture base =
      load_architecture(find_config("architectures", "efficientnet_x_b0_" + device.target));
  const SmoothLatency latency(base, oracle);
  const CompoundCoefficients paper = table2_coefficients(device);
  const double target_ms = latency(paper.at(phi));
  const IsoLatency best =
      best_at_latency(latency, accuracy, kB0Accuracy, target_ms, phi > 1 ? 4 : 2);
  const auto coefficient = [&](double factor) { return std::pow(factor, 1 / phi); };
  const LacsFamily rounded =
      run_lacs({base, oracle, scaled_accuracy(base, kB0Accuracy, accuracy), target_ms, phi});
  table.rows.push_back(
      {device.title, format_fixed(phi, 2), format_fixed(target_ms, 1),
       triple(coefficient(best.best.depth), coefficient(best.best.width),
              coefficient(best.best.resolution)),
       range(coefficient(best.plateau_low.depth), coefficient(best.plateau_high.depth)) + ", " +
           range(coefficient(best.plateau_low.width), coefficient(best.plateau_high.width)) + ", " +
           range(coefficient(best.plateau_low.resolution),
                 coefficient(best.plateau_high.resolution)),
       triple(paper.alpha, paper.beta, paper.gamma),
       format_fixed(100 * (best.accuracy - accuracy.scaled(kB0Accuracy, paper.at(phi))), 2),
       triple(rounded.coefficients.alpha, rounded.coefficients.beta, rounded.coefficients.gamma)});
}

}  // namespace

std::string coefficients_section() {
  const ScalingAccuracy accuracy;
  TextTable elastic;
  elastic.header = {"device", "depth", "width", "resolution"};
  TextTable table;
  table.header = {"device",
                  "phi",
                  "ms",
                  "ours, not rounded",
                  "within 0.1 points",
                  "paper",
                  "points apart",
                  "ours, LACS on rounded networks"};
  for (const Device& device : devices()) {
    const RooflineOracle oracle(load_hardware(device.hardware), kImages);
    const Architecture base =
        load_architecture(find_config("architectures", "efficientnet_x_b0_" + device.target));
    const ScalingFactors e = elasticities(SmoothLatency(base, oracle));
    elastic.rows.push_back({device.title, format_fixed(e.depth, 2), format_fixed(e.width, 2),
                            format_fixed(e.resolution, 2)});
    add_level(table, device, accuracy, 1);
    add_level(table, device, accuracy, level_phis().back());
  }
  elastic.rows.push_back({"multiply-adds", "1", "2", "2"});
  return "## Tables 2 and 5: coefficients of LACS\n\nThe accuracy of a scaled network is a fit to "
         "published trainings: EfficientNet-B0 to B7, and Table 7 of Tan & Le 2019, which scales "
         "one dimension at a time. The factors are those of the networks as built. " +
         accuracy.description() +
         ". Each point predicted by a fit to the others: mean absolute error " +
         format_fixed(held_out_scaling_error(), 2) + " points.\n\n" +
         fenced(scaling_points_text(accuracy)) +
         "\nElasticity of latency, d ln T / d ln factor, at EfficientNet-X-B0:\n\n" +
         fenced(elastic.str()) +
         "\nThe best depth, width and resolution (alpha, beta, gamma) at the latency that the "
         "paper's own coefficients give. phi = 1 is the level of the coefficients, the other "
         "X-B7's. \"Not rounded\" solves the depth for the latency exactly and prices widths in "
         "single channels; \"LACS\" is `scaling/lacs` on the networks as rounded.\n\n" +
         fenced(table.str()) +
         "\nWhat these coefficients rest on. Each row leaves one training out of the fit, phi = 1; "
         "the "
         "last column is the same fit under the multiply-adds of the published (1.2, 1.1, "
         "1.15).\n\n" +
         fenced(sensitivity_table());
}

}  // namespace ridgeline::paper
