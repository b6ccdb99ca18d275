#include "experiments/paper/coefficients.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "core/error.h"
#include "core/units.h"

namespace ridgeline::paper {
namespace {

constexpr int kSideStep = 32;  // the product of all strides
constexpr double kPlateau = 0.001;
constexpr double kMaxResolution = 3;
constexpr int kSteps = 50;  // of a factor between 1 and 2

}  // namespace

SmoothLatency::SmoothLatency(const Architecture& base, const LatencyOracle& oracle)
    : base_(base), oracle_(oracle) {}

const SmoothLatency::Costs& SmoothLatency::costs_at(double width, int side) const {
  const auto [entry, is_new] = known_.try_emplace({width, side});
  if (!is_new) return entry->second;
  Architecture scaled = base_;
  const auto widen = [&](int filters) { return static_cast<int>(std::lround(filters * width)); };
  scaled.resolution = side;
  scaled.stem.filters = widen(base_.stem.filters);
  scaled.head.filters = widen(base_.head.filters);
  for (Stage& stage : scaled.stages) stage.filters = widen(stage.filters);
  Costs costs;
  costs.at_base_depth = oracle_.estimate(lower(scaled)).ms;
  for (Stage& stage : scaled.stages) {
    const int layers = stage.layers;
    stage.layers = layers + 1;
    costs.per_depth += layers * (oracle_.estimate(lower(scaled)).ms - costs.at_base_depth);
    stage.layers = layers;
  }
  entry->second = costs;
  return entry->second;
}

SmoothLatency::Costs SmoothLatency::costs(double width, double resolution) const {
  const double side = base_.resolution * resolution;
  const int below = static_cast<int>(side / kSideStep + 1e-9) * kSideStep;
  const Costs& low = costs_at(width, below);
  if (side - below < 1e-6) return low;
  const Costs& high = costs_at(width, below + kSideStep);
  const double share =
      std::log(side / below) / std::log(static_cast<double>(below + kSideStep) / below);
  const auto between = [&](double a, double b) { return a * std::pow(b / a, share); };
  return {between(low.at_base_depth, high.at_base_depth), between(low.per_depth, high.per_depth)};
}

double SmoothLatency::operator()(const ScalingFactors& factors) const {
  const Costs needs = costs(factors.width, factors.resolution);
  return needs.at_base_depth + (factors.depth - 1) * needs.per_depth;
}

double SmoothLatency::depth_at(double target_ms, double width, double resolution) const {
  const Costs needs = costs(width, resolution);
  return 1 + (target_ms - needs.at_base_depth) / needs.per_depth;
}

ScalingFactors elasticities(const SmoothLatency& latency) {
  const double base = std::log(latency({1, 1, 1}));
  const double step = 1.25;     // of width: several channels in every stage
  const double side = 8.0 / 7;  // the next multiple of 32 after 224
  return {(std::log(latency({step, 1, 1})) - base) / std::log(step),
          (std::log(latency({1, step, 1})) - base) / std::log(step),
          (std::log(latency({1, 1, side})) - base) / std::log(side)};
}

IsoLatency best_at_latency(const SmoothLatency& latency, const ScalingAccuracy& accuracy,
                           double base_accuracy, double target_ms, double max_factor) {
  struct Point {
    ScalingFactors factors;
    double accuracy;
  };
  std::vector<Point> points;
  const auto axis = [](double maximum) {
    std::vector<double> values;
    for (int i = 0; 1 + i / double{kSteps} <= maximum + 1e-9; ++i) {
      values.push_back(1 + i / double{kSteps});
    }
    return values;
  };
  for (const double width : axis(max_factor)) {
    for (const double resolution : axis(kMaxResolution)) {
      const double depth = latency.depth_at(target_ms, width, resolution);
      if (depth < 1) break;
      const ScalingFactors factors{depth, width, resolution};
      points.push_back({factors, accuracy.scaled(base_accuracy, factors)});
    }
  }
  if (points.empty()) {
    throw Error(ErrorKind::kInfeasible,
                "no scaling takes " + format_ms(target_ms) + ": the base network is slower");
  }
  const Point& best =
      *std::max_element(points.begin(), points.end(),
                        [](const Point& a, const Point& b) { return a.accuracy < b.accuracy; });
  IsoLatency result{best.factors, best.accuracy, best.factors, best.factors};
  for (const Point& point : points) {
    if (point.accuracy < best.accuracy - kPlateau) continue;
    const auto widen = [](double value, double& low, double& high) {
      low = std::min(low, value);
      high = std::max(high, value);
    };
    widen(point.factors.depth, result.plateau_low.depth, result.plateau_high.depth);
    widen(point.factors.width, result.plateau_low.width, result.plateau_high.width);
    widen(point.factors.resolution, result.plateau_low.resolution, result.plateau_high.resolution);
  }
  return result;
}

}  // namespace ridgeline::paper
