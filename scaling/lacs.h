#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/config.h"
#include "scaling/compound.h"

namespace ridgeline {

/// Latency-aware compound scaling (Section 5): the triple (alpha, beta, gamma) that maximises the
/// reward subject to Latency(G(m, d, w, r)) = T within a tolerance (Equation 4), by a coarse grid
/// and then a finer one around the best.
struct LacsConfig {
  bool enabled = true;
  double latency_ratio = 2.0;
  double level = 1.0;
  double tolerance = 0.1;
  double max_alpha = 2.0, max_beta = 2.0, max_gamma = 1.6;
  double coarse_step = 0.1;
  double fine_step = 0.02;
  int max_candidates = 8;
  int resolution_multiple = 1;
  std::vector<double> family = {0.0, 1.0, 2.0};

  template <class V>
  void describe(V& v) {
    v.field("enabled", enabled,
            {.help = "search scaling coefficients and build the family after the search"});
    v.field("latency_ratio", latency_ratio,
            {.help = "latency of the scaled network at phi = level, relative to the base network",
             .min = 1.01,
             .max = 1000.0});
    v.field(
        "level", level,
        {.help = "phi at which candidates are compared; rounding matters less at a higher level",
         .min = 0.1,
         .max = 20.0});
    v.field("tolerance", tolerance,
            {.help = "largest relative deviation from the target latency for a candidate",
             .min = 1e-4,
             .max = 0.9});
    v.field("max_alpha", max_alpha,
            {.help = "largest depth coefficient in the grid", .min = 1.0, .max = 16.0});
    v.field("max_beta", max_beta,
            {.help = "largest width coefficient in the grid", .min = 1.0, .max = 16.0});
    v.field("max_gamma", max_gamma,
            {.help = "largest resolution coefficient in the grid", .min = 1.0, .max = 16.0});
    v.field("coarse_step", coarse_step,
            {.help = "step of the first (coarse) grid", .min = 1e-3, .max = 4.0});
    v.field("fine_step", fine_step,
            {.help = "step of the second (fine) grid, around the best coefficients of the first",
             .min = 1e-4,
             .max = 1.0});
    v.field("max_candidates", max_candidates,
            {.help = "networks trained per grid, spread as widely as possible over those at the "
                     "target latency",
             .min = 1,
             .max = 100000});
    v.field("resolution_multiple", resolution_multiple,
            {.help = "input resolutions are rounded down to a multiple of this",
             .unit = "pixels",
             .min = 1,
             .max = 512});
    v.field("family", family,
            {.help = "phi of each family member B0, B1, ...", .min = 0.0, .max = 20.0});
  }
};

/// One grid point: what was asked and what it turned out to be.
struct LacsCandidate {
  CompoundCoefficients coefficients;
  Architecture architecture;  ///< at phi = level
  double latency_ms = 0;
  double accuracy = 0;
  double reward = 0;
  bool failed = false;  ///< the evaluator could not score it
  bool fine = false;    ///< of the second grid
};

struct FamilyMember {
  std::string name;  ///< "B0", "B1", ...
  double phi = 0;
  ScalingFactors factors;
  Architecture architecture;
  double latency_ms = 0;  ///< infinite where the network does not fit the device
  double target_ms = 0;   ///< latency_ratio^(phi / level) times the base network's; 0: none
  std::optional<double> accuracy = {};  ///< as its trial was scored; nothing: not trained
  std::string over_limit;               ///< the limit that it breaks and by what; empty: none
};

struct LacsResult {
  CompoundCoefficients best;
  double target_ms = 0;
  std::vector<LacsCandidate> candidates;  ///< all that were evaluated, in order
  std::vector<FamilyMember> family;
  /// Why no coefficients were found: every network at the target latency breaks a limit. The family
  /// is then the unscaled network. Empty: they were.
  std::string refused;
};

/// What LACS asks of its surroundings.
struct LacsCallbacks {
  std::function<double(const Architecture&)> latency_ms;
  /// Fills accuracy, reward and failed of each candidate.
  std::function<void(std::vector<LacsCandidate>&)> evaluate;
  /// The limit that a network breaks, in words; such a network is no candidate. Empty: no limits.
  std::function<std::optional<std::string>(const Architecture&)> over_limit = {};
};

/// Every different network of a grid is priced once, the default grids cost some hundreds to
/// thousands of estimates: milliseconds each with an analytic oracle, but minutes with a measured
/// one (larger steps help). Of the networks within the tolerance, `max_candidates` per grid are
/// evaluated, in one batch per grid; what breaks a limit is none of them; the highest reward wins,
/// the lower latency among equals. Throws `kInfeasible` when no grid point meets the target (the
/// message gives the nearest latencies that the grid reaches) or when every candidate fails.
LacsResult search_coefficients(const Architecture& base, const LacsConfig& config,
                               const LacsCallbacks& callbacks);

/// How far `member` is from its target, relative to it; 0 where it has none.
double deviation_from_target(const FamilyMember& member);

/// "alpha 2 is at its bound scaling.max_alpha" for each of the `best` coefficients that the grid's
/// box stops.
std::vector<std::string> coefficients_at_bounds(const CompoundCoefficients& best,
                                                const LacsConfig& config);

/// B0..Bn of `base` by the coefficients at each phi of `config.family`.
std::vector<FamilyMember> make_family(const Architecture& base, const CompoundCoefficients& best,
                                      const LacsConfig& config,
                                      const std::function<double(const Architecture&)>& latency_ms);

}  // namespace ridgeline
