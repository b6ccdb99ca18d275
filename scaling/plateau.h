#pragma once

#include <string>
#include <vector>

#include "scaling/lacs_config.h"

namespace ridgeline {

/// One scored network: what was asked and what it turned out to be.
struct LacsCandidate {
  CompoundCoefficients coefficients;
  Architecture architecture;  ///< at phi = level
  double latency_ms = 0;
  double accuracy = 0;
  double reward = 0;
  bool failed = false;  ///< the evaluator could not score it
  int round = 0;        ///< of the grid that it is from, 0 the coarse one
  std::vector<CompoundCoefficients> triples = {};  ///< of its grid that build this network
};

/// By how much an accuracy varies by chance.
struct AccuracyNoise {
  double deviation = 0;     ///< standard deviation
  int trainings = 0;        ///< it was measured on; 0: assumed
  bool of_surface = false;  ///< the response surface is less sure than a training: its residual
};
/// Of several trainings of one network. REQUIRES: two or more
AccuracyNoise measured_noise(const std::vector<double>& accuracies);

/// The candidates that chance cannot tell from the best: those whose reward is within twice the
/// noise of its reward. Their triples lie between `low` and `high`.
struct Plateau {
  AccuracyNoise noise;
  int networks = 0;
  std::vector<CompoundCoefficients> triples;
  CompoundCoefficients low, high;
};

/// Highest reward, lower latency among equals; null when every candidate failed.
const LacsCandidate* best_of(const std::vector<LacsCandidate>& candidates);

Plateau plateau_of(const std::vector<LacsCandidate>& candidates, const LacsCandidate& best,
                   const AccuracyNoise& noise);

/// "alpha 2 is at its bound scaling.max_alpha", "gamma is at its lower bound 1" for each
/// coefficient that the box stops. `largest_gamma`: below max_gamma where no whole resolution lies
/// between the two.
std::vector<std::string> coefficients_at_bounds(const CompoundCoefficients& best,
                                                const GridConfig& box, double largest_gamma);

}  // namespace ridgeline
