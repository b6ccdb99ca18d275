#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "scaling/elasticities.h"
#include "scaling/family.h"
#include "scaling/lacs_config.h"
#include "scaling/plateau.h"
#include "scaling/response_surface.h"

namespace ridgeline {

/// What `score: star` did instead of a training for each triple.
struct StarReport {
  ResponseSurface surface;
  std::vector<LacsCandidate> points;  ///< trained around the base; failed ones too
  int scored = 0;                     ///< networks of the grids that the surface scored
  /// Of the surface at the networks confirmed by training, in accuracy.
  double root_mean_square_error = 0, largest_error = 0;
};

/// The triple that a search of a member's own level finds.
struct DirectTriple {
  double phi = 0;
  CompoundCoefficients coefficients;
};

struct LacsResult {
  CompoundCoefficients best;
  double base_ms = 0, target_ms = 0;
  std::vector<double> steps;              ///< of the grids, coarse first
  std::vector<LacsCandidate> candidates;  ///< all that were trained on the grids, in order
  std::optional<StarReport> star;
  Plateau plateau;
  std::vector<std::string> bounds;  ///< coefficients of `best` that the box stops, in words
  std::vector<CompoundCoefficients> same_network;  ///< triples met that build the best's network
  std::vector<NamedElasticities> elasticities;     ///< of the base network
  std::vector<DirectTriple> direct;                ///< mode direct: of each member
  std::vector<FamilyMember> family;
  std::string accelerator = {};  ///< that it was made for; empty: the main one
  /// Why no coefficients were found: every network at the target latency breaks a limit. The family
  /// is then the unscaled network. Empty: they were.
  std::string refused;
};

/// What LACS asks of its surroundings.
struct LacsCallbacks {
  NetworkPrice latency_ms;
  /// Fills accuracy, reward and failed of each candidate.
  std::function<void(std::vector<LacsCandidate>&)> evaluate;
  /// A network that breaks a limit is no candidate. Empty: no limits.
  NetworkLimit over_limit = {};
  /// `score: star`: fills the reward of a candidate whose accuracy is known.
  std::function<void(LacsCandidate&)> reward = {};
  /// Accuracies of so many further trainings of a candidate. Empty: the noise is always assumed.
  std::function<std::vector<double>(const LacsCandidate&, int)> repeat = {};
  bool parallel = false;  ///< `latency_ms` may be called from several threads at once
  /// `continuous`: latency of unrounded dimensions; then `evaluate` goes by the coefficients.
  std::function<double(const ScalingFactors&)> unrounded_ms = {};
};

/// A coarse grid of (alpha, beta), gamma solved for the target at each; then finer grids around the
/// best candidates until the step is below `fine_step`. A grid costs some hundreds to thousands of
/// latency estimates: milliseconds each with an analytic oracle, but minutes with a measured one
/// (larger steps help). At most `max_candidates` networks per grid are evaluated, in one batch;
/// with `score: star` a surface scores all, and the best are evaluated at the end. What breaks a
/// limit is no candidate. The highest reward wins, the lower latency among equals. Throws
/// `kInfeasible` when no triple meets the target (the message gives what the grid reaches) or when
/// every candidate fails.
LacsResult search_coefficients(const Architecture& base, const LacsConfig& config,
                               const LacsCallbacks& callbacks);

}  // namespace ridgeline
