#pragma once

#include <functional>
#include <map>
#include <vector>

#include "scaling/coefficient_grid.h"

namespace ridgeline {

/// What a scaled network costs: latency, or the multiply-adds of `accuracy_only`.
struct ScalingPrice {
  /// Of a network, in ms; throws `kInfeasible` where it does not fit the device.
  std::function<double(const Architecture&)> of_network;
  /// Of unrounded dimensions; empty where that is not known.
  std::function<double(const ScalingFactors&)> of_factors = {};
  bool parallel = false;  ///< may be called from several threads at once
};

/// What the pairs of a grid lead to.
struct GridSurvey {
  std::vector<GridNetwork> networks;  ///< different ones at the target, in grid order
  double below_ms = 0;                ///< the nearest price under the target that a pair reaches
  double above_ms;                    ///< and over it; infinite: none
};

/// Solves price(G(m, alpha, beta, gamma)) = target for gamma (Equation 4), so that no grid point is
/// spent off the target. Each different network is priced once. A network that does not fit the
/// device counts as infinitely dear. The result does not depend on the number of threads.
class CoefficientSolver {
 public:
  /// Borrows `base`, `config` and `price`. With `config.continuous` dimensions are not rounded.
  CoefficientSolver(const Architecture& base, const LacsConfig& config, const ScalingPrice& price);

  /// Of a scaled version of the base; throws `kInternal` when the oracle gives no positive number.
  double price(const Architecture& scaled);
  /// At phi = level, rounded or not as configured.
  double price(const CompoundCoefficients& coefficients);
  Architecture at_level(const CompoundCoefficients& coefficients) const;

  /// The networks nearest to `target` for each pair, within `tolerance` of it.
  GridSurvey solve(const std::vector<CoefficientPair>& pairs, double target);

 private:
  /// All that scaling changes: the identity of a scaled network.
  using Dimensions = std::vector<int>;
  using Prices = std::map<Dimensions, double>;
  /// The pairs of one depth and width.
  struct Row {
    std::vector<CoefficientPair> pairs;
    Prices priced = {};       ///< what the shared cache lacked
    double gamma = 1;         ///< the solution
    double price = 0;         ///< there
    double below = 0, above;  ///< the prices on both sides of the target
  };

  static Dimensions dimensions(const Architecture& scaled);
  double ask(const Architecture& scaled) const;
  double cached(const Architecture& scaled, Prices& fresh) const;
  std::vector<Row> rows_of(const std::vector<CoefficientPair>& pairs) const;
  void solve_rounded(Row& row, double target) const;
  void solve_continuous(Row& row, double target) const;
  void add_edge_rows(std::vector<Row>& rows, double target) const;
  double unrounded(const CompoundCoefficients& coefficients) const;

  const Architecture& base_;
  const LacsConfig& config_;
  const ScalingPrice& price_;
  Prices cache_;
};

/// The resolutions that `rules` allow from `base` up to `factor` times it, ascending; `base` first.
std::vector<int> resolutions_up_to(int base, double factor, const RoundingRules& rules);

/// Index of the last item with `price(i) <= target`, by bisection; -1 when there is none. `price`
/// is asked for as few as needed. REQUIRES: rising
int last_at_most(int count, double target, const std::function<double(int)>& price);

/// Index of the item whose price is nearest to `target`, in ratio, of the two beside the crossing
/// that lies nearest to `start`: prices of real networks rise in steps, and may fall at some.
int nearest_item(int count, int start, double target, const std::function<double(int)>& price);

/// Where a rising function crosses `target` between `low` and `high`, by the Illinois method on
/// logarithms. REQUIRES: f(low) <= target <= f(high), all above 0
double crossing(double low, double high, double target, const std::function<double(double)>& f);

}  // namespace ridgeline
