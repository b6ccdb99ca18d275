#pragma once

#include <string>

#include "experiments/config.h"
#include "latency/oracle.h"

namespace ridgeline {

/// What random members of the space cost, before anything is spent.
struct Preflight {
  long double points = 0;
  size_t decisions = 0;
  int samples = 0;
  double min_ms = 0, median_ms = 0, max_ms = 0;
  double target_ms = 0;
  /// "1.3e+20 networks, 47 decisions; latency of 200 random ones 4.1 / 9.8 / 31 ms, target 10 ms"
  std::string str() const;
};

/// Prices `samples` random networks. Throws `kInfeasible`, with advice, when even the fastest is
/// slower than `max_latency_ratio` (at least 2) times the target; warns when even the slowest is
/// far faster.
Preflight check_space(const SearchSpace& space, const LatencyOracle& oracle,
                      const ExperimentConfig& config, int samples);

}  // namespace ridgeline
