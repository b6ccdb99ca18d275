#pragma once

#include <functional>
#include <limits>
#include <map>
#include <vector>

#include "scaling/compound.h"

namespace ridgeline {

/// The values that each coefficient takes, ascending.
struct CoefficientGrid {
  std::vector<double> alpha, beta, gamma;
  double points() const;
};

/// `centre` and every multiple of `step` away from it within [low, high], both ends included.
std::vector<double> grid_axis(double centre, double step, double low, double high);

/// A network that the grid reaches. Triples between two rounding steps build the same network (a
/// plateau); `coefficients` is the one nearest to the middle of them in log space, so that other
/// levels, where rounding falls elsewhere, scale as the plateau means.
struct GridNetwork {
  CompoundCoefficients coefficients;
  Architecture architecture;
  double latency_ms = 0;
};

/// What a grid reaches inside a latency window, and just outside of it.
struct GridSurvey {
  std::vector<GridNetwork> networks;  ///< different ones, in grid order
  double below_ms = 0;                ///< largest latency under the window; 0: none
  double above_ms = std::numeric_limits<double>::infinity();  ///< smallest finite one over it
};

/// Prices scaled versions of one base network, each different one once. A network that does not fit
/// the device (`kInfeasible` of the oracle) counts as infinitely slow.
class ScaledPricer {
 public:
  ScaledPricer(const Architecture& base, double level, int resolution_multiple,
               std::function<double(const Architecture&)> latency_ms);

  Architecture at_level(const CompoundCoefficients& coefficients) const;
  /// Latency of a scaled version of the base; throws `kInternal` when the oracle gives no positive
  /// number.
  double latency_ms(const Architecture& scaled);

  /// Prices the grid in ascending order and leaves an axis once the latency is over twice
  /// `high_ms`: no oracle is so far from monotone that a larger network would return into the
  /// window.
  GridSurvey survey(const CoefficientGrid& grid, double low_ms, double high_ms);

 private:
  using Dimensions =
      std::vector<int>;  // all that scaling changes: the identity of a scaled network
  static Dimensions dimensions(const Architecture& scaled);

  const Architecture& base_;
  double level_;
  int resolution_multiple_;
  std::function<double(const Architecture&)> oracle_;
  std::map<Dimensions, double> cache_;
};

/// At most `limit` of `networks`, spread widest: farthest-point order in the space of the
/// coefficients' logarithms, away from `taken` or, when that is empty, from the network nearest to
/// the mean. Deterministic; the result is in the order of `networks`.
std::vector<GridNetwork> spread_widest(const std::vector<GridNetwork>& networks,
                                       const std::vector<CompoundCoefficients>& taken, int limit);

}  // namespace ridgeline
