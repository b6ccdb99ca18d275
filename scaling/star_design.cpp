#include "scaling/star_design.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace ridgeline {
namespace {

/// Exponents of the three single factors: how much of the way along each dimension a point lies.
using Share = std::array<double, 3>;
constexpr std::array<Share, kMostStarPoints> kShares = {{{0, 0, 0},
                                                         {1, 0, 0},
                                                         {0, 1, 0},
                                                         {0, 0, 1},
                                                         {0.5, 0, 0},
                                                         {0, 0.5, 0},
                                                         {0, 0, 0.5},
                                                         {1.0 / 3, 1.0 / 3, 1.0 / 3},
                                                         {0.5, 0.5, 0},
                                                         {0.5, 0, 0.5},
                                                         {0, 0.5, 0.5},
                                                         {2.0 / 3, 2.0 / 3, 2.0 / 3},
                                                         {1.0 / 6, 1.0 / 6, 1.0 / 6}}};
constexpr int kMoves = 40;
constexpr double kMove = 1.05;

CompoundCoefficients along(size_t dimension, double coefficient) {
  CompoundCoefficients result;
  (dimension == 0 ? result.alpha : dimension == 1 ? result.beta : result.gamma) = coefficient;
  return result;
}

}  // namespace

std::vector<ScalingFactors> star_design(const Architecture& base, const LacsConfig& config,
                                        double target, CoefficientSolver& solver) {
  // Single dimensions reach as far as any triple may.
  const std::array<double, 3> most = {config.grid.max_alpha, config.grid.max_beta,
                                      config.grid.max_gamma};
  std::array<double, 3> full{};
  for (size_t i = 0; i < full.size(); ++i) {
    const auto price_at = [&](double coefficient) { return solver.price(along(i, coefficient)); };
    const double coefficient =
        price_at(most[i]) <= target ? most[i] : crossing(1, most[i], target, price_at);
    full[i] = std::pow(coefficient, config.level);
  }
  std::vector<ScalingFactors> points;
  std::vector<Architecture> built;
  for (int i = 0; i < config.star_points; ++i) {
    for (int move = 0; move < kMoves; ++move) {
      // Where one more layer in each stage is over the target already, `full` is hardly above 1.
      const auto factor = [&](size_t k) {
        return std::pow(full[k] * std::pow(kMove, move), kShares[i][k]);
      };
      const ScalingFactors factors = {factor(0), factor(1), factor(2)};
      const Architecture network = scale(base, factors, config.rounding);
      if (std::find(built.begin(), built.end(), network) != built.end()) continue;
      points.push_back(factors);
      built.push_back(network);
      break;
    }
  }
  return points;
}

}  // namespace ridgeline
