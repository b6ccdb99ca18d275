#pragma once

#include <vector>

#include "scaling/lacs_config.h"

namespace ridgeline {

/// Depth and width coefficient; the resolution's is solved for.
struct CoefficientPair {
  double alpha = 1, beta = 1;
  bool operator<(const CoefficientPair& other) const {
    return alpha != other.alpha ? alpha < other.alpha : beta < other.beta;
  }
};

/// A network that a grid reaches at the target.
struct GridNetwork {
  CompoundCoefficients coefficients;  ///< of `triples`, the one nearest to the middle
  Architecture architecture;          ///< at phi = level, rounded
  double latency_ms = 0;
  /// All triples of the grid that build this network; each with the resolution's coefficient that
  /// the network has.
  std::vector<CompoundCoefficients> triples;
};

/// `centre` and every multiple of `step` away from it within [low, high], both ends included.
std::vector<double> grid_axis(double centre, double step, double low, double high);

/// One part of the plane of pairs, clipped to the box of `GridConfig`.
struct GridWindow {
  CoefficientPair centre, low, high;
  /// Whether `pair` lies inside, and on no edge but the box's.
  bool holds(const CoefficientPair& pair, const GridConfig& box) const;
};
GridWindow whole_box(const GridConfig& box);
GridWindow window_around(const CoefficientPair& centre, double reach, const GridConfig& box);

/// The pairs of all windows, each once, ascending. Throws `kConfig` for over 100,000.
std::vector<CoefficientPair> grid_pairs(const std::vector<GridWindow>& windows, double step);

/// The one of `triples` that is nearest to the mean of all in log space, the first of equals.
/// REQUIRES: not empty
CompoundCoefficients middle_of(const std::vector<CompoundCoefficients>& triples);

/// At most `limit` of `networks`, spread widest: farthest-point order in the space of the
/// coefficients' logarithms, away from `taken` or, when that is empty, from the network nearest to
/// the mean. Deterministic; the result is in the order of `networks`.
std::vector<GridNetwork> spread_widest(const std::vector<GridNetwork>& networks,
                                       const std::vector<CompoundCoefficients>& taken, int limit);

}  // namespace ridgeline
