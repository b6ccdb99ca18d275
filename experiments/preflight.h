#pragma once

#include <string>

#include "experiments/candidate.h"
#include "experiments/config.h"

namespace ridgeline {

/// What members of the space cost on one accelerator, before anything is spent.
struct Preflight {
  size_t target = 0;  ///< its place in `ExperimentConfig::targets`
  long double points = 0;
  size_t decisions = 0;
  int samples = 0;  ///< random networks that were priced; each once where the space is that small
  int failed = 0;   ///< random networks without a latency: too large for the device, say
  double min_ms = 0, median_ms = 0, max_ms = 0;
  /// The fastest and the slowest that a walk of mutations from there found; the same as `min_ms`
  /// and `max_ms` where none was made.
  double fastest_ms = 0, slowest_ms = 0;
  Genotype median;  ///< a network of the median latency
  double target_ms = 0;
  double within_target = 0;  ///< share of the samples
  double untrained = 0;      ///< share of the samples over `search.max_latency_ratio`
  bool latency_left_out =
      false;  ///< `latency.kind: none`: the latencies are no measure of anything
  /// "1.3e+20 networks, 47 decisions; latency of 1000 random ones: fastest 4.1 ms, median 9.8 ms,
  /// slowest 31 ms; target 10 ms, 52 % are within it"
  std::string str() const;
};

/// Prices `samples` random networks and, where the oracle is a formula, goes by mutations from the
/// fastest on to faster ones and from the slowest on to slower ones. A network without a latency is
/// left out; throws its `LatencyFailure` or `kInfeasible` when none has one. `target`: the place in
/// `config.targets()` of what `oracle` prices for.
Preflight survey_space(const CandidateBuilder& candidates, const LatencyOracle& oracle,
                       const ExperimentConfig& config, int samples, size_t target = 0);

/// Throws `kInfeasible`, with advice, for a target that nothing in the space reaches, or that is
/// over twice the latency of all in it; `runtime.preflight: warn` makes that a warning, as is a
/// target that the slowest just meets. The few samples of an oracle that is no formula do not show
/// the space's ends: then the target is out of reach when even the fastest is slower than
/// `max_latency_ratio` (at least 2) times it, and never pointless.
void check_target(const Preflight& preflight, const ExperimentConfig& config);

/// Says how many random networks `reward.limits` allows. Throws `kInfeasible`, or warns, as above
/// where it allows none of them and none that mutations of the nearest one lead to.
void check_limits(const CandidateBuilder& candidates, const ExperimentConfig& config);

}  // namespace ridgeline
