#include "experiments/paper/scaling_accuracy.h"

#include <cmath>

#include "core/config_path.h"
#include "core/error.h"
#include "core/units.h"

namespace ridgeline::paper {
namespace {

constexpr size_t kConstants = 5;
constexpr double kLargest = 32, kSmallest = 1.0 / 32;  // of p and k

double log_ces(const ScalingAccuracy::Constants& c, const ScalingFactors& f) {
  const double p = c.substitution;
  return -std::log(c.depth * std::pow(f.depth, -p) + c.width * std::pow(f.width, -p) +
                   c.resolution * std::pow(f.resolution, -p)) /
         p;
}

double saturating(const ScalingAccuracy::Constants& c, const ScalingFactors& f) {
  return 1 - std::exp(-c.saturation * log_ces(c, f));
}

double log_accuracy(double percent) { return -std::log(1 - percent / 100); }

struct BuiltPoint {
  ScalingFactors factors;
  double gain = 0;  ///< of -ln(error) over the first point
};

std::vector<BuiltPoint> built(const std::vector<ScalingPoint>& points) {
  const Architecture b0 = load_architecture(find_config("architectures", "efficientnet_b0"));
  std::vector<BuiltPoint> result;
  for (const ScalingPoint& point : points) {
    result.push_back({built_factors(b0, scale(b0, point.factors)),
                      log_accuracy(point.top1_percent) - log_accuracy(points[0].top1_percent)});
  }
  return result;
}

/// Fills the gain for the other constants; the sum of squares.
double fit_gain(const std::vector<BuiltPoint>& points, ScalingAccuracy::Constants& c) {
  double xx = 0, xy = 0, yy = 0;
  for (const BuiltPoint& point : points) {
    const double x = saturating(c, point.factors);
    xx += x * x;
    xy += x * point.gain;
    yy += point.gain * point.gain;
  }
  c.gain = xy / xx;
  return yy - c.gain * xy;
}

/// Tries shares, substitution and saturation around `best`, with these steps (of the logarithm for
/// the latter two); keeps the best.
void improve(const std::vector<BuiltPoint>& points, double step, ScalingAccuracy::Constants& best,
             double& least) {
  const ScalingAccuracy::Constants centre = best;
  const auto within = [](double value) { return value >= kSmallest && value <= kLargest; };
  for (int i = 0; i < 5 * 5 * 5 * 5; ++i) {
    ScalingAccuracy::Constants c = centre;
    c.depth += (i % 5 - 2) * step;
    c.width += (i / 5 % 5 - 2) * step;
    c.resolution = 1 - c.depth - c.width;
    c.substitution *= std::exp((i / 25 % 5 - 2) * 4 * step);
    c.saturation *= std::exp((i / 125 - 2) * 4 * step);
    if (c.depth < 0 || c.width < 0 || c.resolution < 0 || !within(c.substitution) ||
        !within(c.saturation)) {
      continue;
    }
    const double squares = fit_gain(points, c);
    if (squares >= least) continue;
    least = squares;
    best = c;
  }
}

}  // namespace

const std::vector<ScalingPoint>& published_scaling() {
  // Factors: tensorflow/tpu, efficientnet_builder.py; resolutions over 224.
  static const std::vector<ScalingPoint> points = {
      {"EfficientNet-B0", {1.0, 1.0, 1.0}, 77.3},
      {"EfficientNet-B1", {1.1, 1.0, 240.0 / 224}, 79.2},
      {"EfficientNet-B2", {1.2, 1.1, 260.0 / 224}, 80.3},
      {"EfficientNet-B3", {1.4, 1.2, 300.0 / 224}, 81.7},
      {"EfficientNet-B4", {1.8, 1.4, 380.0 / 224}, 83.0},
      {"EfficientNet-B5", {2.2, 1.6, 456.0 / 224}, 83.7},
      {"EfficientNet-B6", {2.6, 1.8, 528.0 / 224}, 84.4},
      {"EfficientNet-B7", {3.1, 2.0, 600.0 / 224}, 84.7},
      {"depth alone", {4.0, 1.0, 1.0}, 79.0},
      {"width alone", {1.0, 2.0, 1.0}, 78.9},
      {"resolution alone", {1.0, 1.0, 2.0}, 79.1},
      {"compound", {1.4, 1.2, 1.3}, 81.1}};
  return points;
}

ScalingAccuracy::ScalingAccuracy(const std::vector<ScalingPoint>& points) {
  if (points.size() < kConstants) {
    throw Error(ErrorKind::kInternal,
                "a fit of scaling needs 5 points, not " + std::to_string(points.size()));
  }
  const std::vector<BuiltPoint> fitted = built(points);
  constants_ = {.depth = 1.0 / 3,
                .width = 1.0 / 3,
                .resolution = 1.0 / 3,
                .substitution = 1,
                .saturation = 1};
  double least = fit_gain(fitted, constants_);
  for (double step = 0.16; step > 1e-4; step /= 2) {
    for (int repeat = 0; repeat < 8; ++repeat) improve(fitted, step, constants_, least);
  }
  constants_.base = log_accuracy(points[0].top1_percent);
}

double ScalingAccuracy::scaled(double base, const ScalingFactors& factors) const {
  return 1 - (1 - base) * std::exp(-constants_.gain * saturating(constants_, factors));
}

double ScalingAccuracy::predicted_percent(const ScalingFactors& factors) const {
  return 100 * scaled(1 - std::exp(-constants_.base), factors);
}

std::string ScalingAccuracy::description() const {
  const Constants& c = constants_;
  return "shares of depth, width, resolution " + format_fixed(c.depth, 2) + ", " +
         format_fixed(c.width, 2) + ", " + format_fixed(c.resolution, 2) + "; p " +
         format_fixed(c.substitution, 2) + "; k " + format_fixed(c.saturation, 2) + "; b " +
         format_fixed(c.gain, 2);
}

double held_out_scaling_error(const std::vector<ScalingPoint>& points) {
  const std::vector<BuiltPoint> as_built = built(points);
  double sum = 0;
  for (size_t i = 1; i < points.size(); ++i) {
    std::vector<ScalingPoint> others = points;
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(i));
    sum += std::abs(ScalingAccuracy(others).predicted_percent(as_built[i].factors) -
                    points[i].top1_percent);
  }
  return sum / static_cast<double>(points.size() - 1);
}

}  // namespace ridgeline::paper
