#include "controller/predictor.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace ridgeline {
namespace {

using Eigen::VectorXd;

constexpr double kEqualVariance = 1e-12;  // variance of values that count as equal

double variance(const VectorXd& values) { return (values.array() - values.mean()).square().mean(); }

VectorXd standardised(const VectorXd& values) {
  const double spread = std::sqrt(variance(values));
  if (!(spread > 0)) return VectorXd::Zero(values.size());
  return (values.array() - values.mean()) / spread;
}

/// (1 + x)^power - 1 over power; its limit where power is 0.
double power_of(double x, double power) {
  return power == 0 ? std::log1p(x) : std::expm1(power * std::log1p(x)) / power;
}

/// Yeo and Johnson 2000, Equation 2.1.
double yeo_johnson(double x, double power) {
  return x >= 0 ? power_of(x, power) : -power_of(-x, 2 - power);
}

/// The power of the largest likelihood on a grid; 1 leaves values as they are.
VectorXd most_normal(const VectorXd& values) {
  const VectorXd plain = standardised(values);
  VectorXd best = plain;
  double most = -std::numeric_limits<double>::infinity();
  for (int quarter = -8; quarter <= 24; ++quarter) {
    const double power = quarter / 4.0;
    VectorXd moved = plain.unaryExpr([power](double x) { return yeo_johnson(x, power); });
    const double spread = variance(moved);
    if (!(spread > kEqualVariance)) continue;
    const double log_slopes =
        plain.unaryExpr([](double x) { return std::copysign(std::log1p(std::abs(x)), x); }).sum();
    const double likelihood =
        -0.5 * static_cast<double>(values.size()) * std::log(spread) + (power - 1) * log_slopes;
    if (!(likelihood > most)) continue;
    most = likelihood;
    best = standardised(moved);
  }
  return best;
}

}  // namespace

VectorXd predictor_targets(std::span<const PredictorTrial> trials) {
  std::vector<double> complete;
  for (const auto& trial : trials) {
    if (trial.complete) complete.push_back(trial.reward);
  }
  const bool none = complete.empty();
  if (none) {
    for (const auto& trial : trials) complete.push_back(trial.reward);
  }
  VectorXd moved = most_normal(
      Eigen::Map<const VectorXd>(complete.data(), static_cast<Eigen::Index>(complete.size())));
  if (none) return moved;
  VectorXd targets(static_cast<Eigen::Index>(trials.size()));
  Eigen::Index next = 0;
  for (Eigen::Index i = 0; i < targets.size(); ++i) {
    targets[i] =
        trials[static_cast<size_t>(i)].complete ? moved[next++] : std::min(moved.minCoeff(), -1.0);
  }
  return targets;
}

double log_expected_improvement(double mean, double deviation, double best) {
  const double z = (mean - best) / deviation;
  const double log_density = -0.5 * z * z - 0.5 * std::log(2 * M_PI);
  if (z > -5) {
    const double probability = 0.5 * std::erfc(-z / std::sqrt(2.0));
    return std::log(deviation) + std::log(z * probability + std::exp(log_density));
  }
  // z P(z) + p(z) = p(z) / z^2 (1 - 3 / z^2 + 15 / z^4 - ...), by parts.
  const double square = z * z;
  return std::log(deviation) + log_density - std::log(square) +
         std::log1p(-3 / square + 15 / (square * square));
}

RewardPredictor::RewardPredictor(const std::vector<Decision>& decisions,
                                 std::span<const PredictorTrial> trials)
    : process_(decisions) {
  std::vector<Genotype> genotypes;
  for (const auto& trial : trials) genotypes.push_back(trial.genotype);
  process_.fit(genotypes, predictor_targets(trials));
  best_ = process_.means().maxCoeff();
}

}  // namespace ridgeline
