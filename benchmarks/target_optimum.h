#pragma once

#include <functional>
#include <vector>

#include "search_space/decision.h"

namespace ridgeline {

/// Accuracy (fraction) and latency (ms) of a point.
struct TargetPoint {
  double accuracy = 0;
  double latency_ms = 0;
};

/// The point of the largest reward, and what is proven of it.
struct TargetOptimum {
  TargetPoint point;
  double reward = 0;
  bool proven = false;  ///< false: the search for a better one was cut off
  uint64_t nodes = 0;   ///< partial points that were bounded
};

/// The exact maximum of mnas_hard, ACC x min(1, T / LAT), where accuracy and the logarithm of the
/// latency are each a sum over single choices and pairs of choices, as those of `Surrogate` are;
/// all decisions are always active. Branch and bound over groups of decisions: with x = log(LAT/T)
/// and any l in [0, 1] log ACC - max(0, x) <= log a + ACC/a - 1 - l x, which is again such a sum,
/// and the sum of its terms' maxima bounds it. Stops after `most_nodes`. Throws `kInternal` where
/// `measure` turns out to be no such sum.
class TargetOptimizer {
 public:
  TargetOptimizer(const std::vector<Decision>& decisions,
                  const std::function<TargetPoint(const Genotype&)>& measure);
  TargetOptimum maximise(double target_ms, uint64_t most_nodes) const;

 private:
  /// A function of the groups' choices: constant, one term per group, one per pair of groups.
  struct Sum {
    double constant = 0;
    std::vector<std::vector<double>> single;             // [group][choice]
    std::vector<std::vector<std::vector<double>>> pair;  // [g x groups + h][choice g][choice h]
    double value(const std::vector<size_t>& choices) const;
    void centre();
  };
  class Walk;

  Genotype genotype(const std::vector<size_t>& choices) const;
  void probe(const std::function<TargetPoint(const Genotype&)>& measure);
  void check(const std::function<TargetPoint(const Genotype&)>& measure) const;

  std::vector<Decision> decisions_;
  std::vector<size_t> first_;    // decision of each group; the number of decisions at the end
  std::vector<size_t> choices_;  // per group
  Sum accuracy_, log_latency_;
};

}  // namespace ridgeline
