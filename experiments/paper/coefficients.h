#pragma once

#include <functional>
#include <map>
#include <vector>

#include "experiments/paper/block_search.h"
#include "experiments/paper/scaling_accuracy.h"
#include "latency/oracle.h"
#include "scaling/compound.h"

namespace ridgeline::paper {

/// Latency of a scaled network as if depth, width and resolution were not rounded, so that a grid
/// has no steps: widths in single channels, fractional layers by the cost of one more layer in each
/// stage, resolutions between multiples of 32 by a power law. Equal to the oracle at the base
/// network. Borrows both.
class SmoothLatency {
 public:
  SmoothLatency(const Architecture& base, const LatencyOracle& oracle);
  double operator()(const ScalingFactors& factors) const;
  /// The depth at which this width and resolution take `target_ms`; below 1 where they take longer
  /// without more depth.
  double depth_at(double target_ms, double width, double resolution) const;

 private:
  /// ms = at_base_depth + (depth - 1) per_depth
  struct Costs {
    double at_base_depth = 0, per_depth = 0;
  };
  Costs costs(double width, double resolution) const;
  const Costs& costs_at(double width, int side) const;

  const Architecture& base_;
  const LatencyOracle& oracle_;
  mutable std::map<std::pair<double, int>, Costs> known_;
};

/// d ln(latency) / d ln(factor) at the base network.
ScalingFactors elasticities(const SmoothLatency& latency);

/// The best scaling at one latency, by accuracy alone.
struct IsoLatency {
  ScalingFactors best;
  double accuracy = 0;  ///< of a base network of `base_accuracy`
  /// The lowest and highest factors whose accuracy is within 0.1 points of the best.
  ScalingFactors plateau_low, plateau_high;
};
/// Over widths up to `max_factor` and resolutions up to 3, depth solved for the latency exactly.
/// Throws `kInfeasible` where no scaling reaches the target.
IsoLatency best_at_latency(const SmoothLatency& latency, const ScalingAccuracy& accuracy,
                           double base_accuracy, double target_ms, double max_factor = 2);

/// What LACS (scaling/lacs.h) makes of a base network.
struct LacsTask {
  const Architecture& base;
  const LatencyOracle& oracle;
  std::function<double(const Architecture&)> accuracy;  ///< fraction, of a scaled network
  double target_ms = 0;                                 ///< latency at phi = `level`
  double level = 1;
  int max_candidates = 100000;                 ///< networks scored per grid
  std::vector<double> family = {};             ///< phi of the members; each is scored too
  double coarse_step = 0.1, fine_step = 0.02;  ///< of a coefficient, at level 1
  double tolerance = 0.03;                     ///< of the latency
};
struct LacsFamily {
  CompoundCoefficients coefficients;
  int candidates = 0;
  struct Member {
    std::string name;
    ScalingFactors factors;
    Architecture architecture;
    double accuracy = 0, latency_ms = 0;
  };
  Member at_target = {};             ///< the best network at the target latency
  std::vector<Member> members = {};  ///< B0, B1, ...
};
/// The only caller of the project's own LACS here: grids on networks as they are rounded and built,
/// latency within a tolerance of the target, accuracy as the reward.
LacsFamily run_lacs(const LacsTask& task);
/// `scaling` as the accuracy of a task whose base network has `base_accuracy`. Borrows both others.
std::function<double(const Architecture&)> scaled_accuracy(const Architecture& base,
                                                           double base_accuracy,
                                                           const ScalingAccuracy& scaling);

/// phi of EfficientNet-B0 to B7: log2(d w^2 r^2) of the published factors.
std::vector<double> level_phis();

/// Direct search at a target: the blocks of `space` and the factors of depth, width and resolution
/// chosen together, accuracy under the constraint latency <= target. Borrows all.
struct DirectTask {
  const SearchSpace& space;
  const LatencyOracle& oracle;
  const BlockAccuracy& blocks;
  const ScalingAccuracy& scaling;
  double target_ms = 0;
};
Problem direct_problem(const DirectTask& task);
/// The factors that a genotype of `direct_problem` chose.
ScalingFactors factors_of(const DirectTask& task, const Genotype& genotype);

}  // namespace ridgeline::paper
