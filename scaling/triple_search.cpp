#include "scaling/triple_search.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/error.h"
#include "core/units.h"
#include "scaling/star_design.h"

namespace ridgeline {
namespace {

/// So many candidates of a grid are all of them, in practice.
constexpr int kAllCandidates = 1000;
/// Grids of one step that may follow the best candidate when it lies on their edge.
constexpr int kMostMoves = 8;

[[noreturn]] void fail(ErrorKind kind, const std::string& what) {
  throw Error(kind, "scaling: " + what);
}

std::string percent(double fraction) {
  return ConfigWriter::plain_number(std::round(fraction * 1e4) / 100) + " %";
}

CoefficientPair pair_of(const LacsCandidate& candidate) {
  return {candidate.coefficients.alpha, candidate.coefficients.beta};
}

bool same_triple(const CompoundCoefficients& a, const CompoundCoefficients& b) {
  return a.alpha == b.alpha && a.beta == b.beta && a.gamma == b.gamma;
}

/// The best first; of equals the earlier.
std::vector<LacsCandidate> ranked(std::vector<LacsCandidate> candidates) {
  std::erase_if(candidates, [](const auto& candidate) { return candidate.failed; });
  std::stable_sort(candidates.begin(), candidates.end(), [](const auto& a, const auto& b) {
    return a.reward != b.reward ? a.reward > b.reward : a.latency_ms < b.latency_ms;
  });
  return candidates;
}

}  // namespace

TripleSearch::TripleSearch(const Architecture& base, const LacsConfig& config,
                           const LacsCallbacks& callbacks, CoefficientSolver& solver)
    : base_(base), config_(config), callbacks_(callbacks), solver_(solver) {}

void TripleSearch::run(double target, LacsResult& result) {
  if (config_.score == TripleScore::kStar) fit_surface(target, result);
  double step = config_.grid.coarse_step;
  if (!search_grid({whole_box(config_.grid)}, step, target, result)) {
    result.refused = "every scaled network at " + price_text(target) +
                     " breaks a limit of the reward, the first one because its " +
                     first_over_limit_ + ": raise that limit or lower scaling.latency_ratio";
    return;
  }
  const bool all_are_scored = result.star || config_.grid.max_candidates >= kAllCandidates;
  while (step >= config_.grid.fine_step) {
    const double reach = step;
    step /= kGridRefinement;
    for (int move = 0; move < kMostMoves; ++move) {
      const std::vector<GridWindow> windows = windows_around_best(reach);
      search_grid(windows, step, target, result);
      const CoefficientPair best = pair_of(*best_of(scored_));
      const bool inside = std::any_of(windows.begin(), windows.end(), [&](const auto& window) {
        return window.holds(best, config_.grid);
      });
      if (inside || !all_are_scored) break;
    }
  }
  if (result.star) confirm_by_training(result);
  conclude(result);
}

void TripleSearch::fit_surface(double target, LacsResult& result) {
  std::vector<LacsCandidate> points;
  for (const ScalingFactors& factors : star_design(base_, config_, target, solver_)) {
    LacsCandidate point;
    const double root = 1 / config_.level;
    point.coefficients = {std::pow(factors.depth, root), std::pow(factors.width, root),
                          std::pow(factors.resolution, root)};
    point.architecture = scale(base_, factors, config_.rounding);
    point.latency_ms = latency_of(point.architecture);
    if (std::isfinite(point.latency_ms)) points.push_back(std::move(point));
  }
  if (points.size() < kFewestStarPoints) {
    fail(ErrorKind::kInfeasible,
         "the star design has only " + std::to_string(points.size()) +
             " different networks that fit the device, since rounding "
             "builds the same one for many triples, and the surface needs " +
             std::to_string(kFewestStarPoints) + "; take score: training, or a higher level");
  }
  evaluate(points);
  std::vector<SurfacePoint> trained;
  for (const auto& point : points) {
    if (!point.failed)
      trained.push_back({built_factors(base_, point.architecture), point.accuracy});
  }
  result.star = StarReport{.surface = ResponseSurface::fit(trained), .points = std::move(points)};
}

double TripleSearch::latency_of(const Architecture& network) const {
  try {
    return callbacks_.latency_ms(network);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kInfeasible) throw;
    return std::numeric_limits<double>::infinity();
  }
}

std::string TripleSearch::price_text(double price) const {
  return config_.mode == ScalingMode::kAccuracyOnly ? format_count(price) + " multiply-adds"
                                                    : format_ms(price);
}

/// Where the surface scores a triple: at the unrounded factors, or at those that would be built.
ScalingFactors TripleSearch::factors_of(const LacsCandidate& candidate) const {
  return config_.continuous ? candidate.coefficients.at(config_.level)
                            : built_factors(base_, candidate.architecture);
}

void TripleSearch::drop_over_limit(std::vector<GridNetwork>& networks) {
  if (!callbacks_.over_limit) return;
  std::erase_if(networks, [&](const GridNetwork& network) {
    const auto over = callbacks_.over_limit(network.architecture);
    if (over && first_over_limit_.empty()) first_over_limit_ = *over;
    return over.has_value();
  });
}

/// Those that no earlier grid has scored; the others' triples join the candidate's.
std::vector<GridNetwork> TripleSearch::fresh_of(std::vector<GridNetwork> networks) {
  std::erase_if(networks, [&](const GridNetwork& network) {
    const auto known =
        std::find_if(scored_.begin(), scored_.end(), [&](const LacsCandidate& candidate) {
          return config_.continuous ? same_triple(candidate.coefficients, network.coefficients)
                                    : candidate.architecture == network.architecture;
        });
    if (known == scored_.end()) return false;
    for (const auto& triple : network.triples) {
      const bool met = std::any_of(known->triples.begin(), known->triples.end(),
                                   [&](const auto& other) { return same_triple(triple, other); });
      if (!met) known->triples.push_back(triple);
    }
    return true;
  });
  return networks;
}

bool TripleSearch::search_grid(const std::vector<GridWindow>& windows, double step, double target,
                               LacsResult& result) {
  GridSurvey survey = solver_.solve(grid_pairs(windows, step), target);
  const bool coarse = scored_.empty();
  if (survey.networks.empty() && coarse) fail_unreachable(survey, target);
  drop_over_limit(survey.networks);
  result.steps.push_back(step);
  std::vector<CompoundCoefficients> taken;
  for (const auto& candidate : scored_) taken.push_back(candidate.coefficients);
  std::vector<GridNetwork> fresh = fresh_of(std::move(survey.networks));
  if (fresh.empty()) return false;
  if (!result.star) fresh = spread_widest(fresh, taken, config_.grid.max_candidates);
  std::vector<LacsCandidate> batch;
  for (auto& network : fresh) {
    batch.push_back({.coefficients = network.coefficients,
                     .architecture = std::move(network.architecture),
                     .latency_ms = network.latency_ms,
                     .round = static_cast<int>(result.steps.size()) - 1,
                     .triples = std::move(network.triples)});
  }
  score(batch, result);
  if (coarse && best_of(scored_) == nullptr) {
    fail(ErrorKind::kInfeasible,
         "all " + std::to_string(scored_.size()) +
             " scaled networks failed to train; their statuses are in the log");
  }
  return true;
}

void TripleSearch::score(std::vector<LacsCandidate>& batch, LacsResult& result) {
  // Another price than latency leads to the network; its latency is reported all the same.
  if (config_.mode == ScalingMode::kAccuracyOnly) {
    for (auto& candidate : batch) candidate.latency_ms = latency_of(candidate.architecture);
    std::erase_if(batch, [](const auto& c) { return !std::isfinite(c.latency_ms); });
  }
  if (!result.star) {
    evaluate(batch);
    result.candidates.insert(result.candidates.end(), batch.begin(), batch.end());
  } else {
    for (auto& candidate : batch) {
      candidate.accuracy = result.star->surface.accuracy(factors_of(candidate));
      callbacks_.reward(candidate);
    }
    result.star->scored += static_cast<int>(batch.size());
  }
  scored_.insert(scored_.end(), std::make_move_iterator(batch.begin()),
                 std::make_move_iterator(batch.end()));
}

void TripleSearch::evaluate(std::vector<LacsCandidate>& batch) {
  callbacks_.evaluate(batch);
  for (auto& candidate : batch) {
    if (config_.mode == ScalingMode::kAccuracyOnly) candidate.reward = candidate.accuracy;
    candidate.failed = candidate.failed || !std::isfinite(candidate.reward);
  }
}

std::vector<GridWindow> TripleSearch::windows_around_best(double reach) const {
  std::vector<GridWindow> windows;
  for (const auto& candidate : ranked(scored_)) {
    windows.push_back(window_around(pair_of(candidate), reach, config_.grid));
    if (windows.size() == static_cast<size_t>(config_.grid.refine_around)) break;
  }
  return windows;
}

void TripleSearch::confirm_by_training(LacsResult& result) {
  std::vector<LacsCandidate> best;
  for (const auto& candidate : ranked(scored_)) {
    const bool known = std::any_of(best.begin(), best.end(), [&](const auto& other) {
      return other.architecture == candidate.architecture;
    });
    if (!known) best.push_back(candidate);
    if (best.size() == static_cast<size_t>(config_.grid.max_candidates)) break;
  }
  std::vector<double> predicted;
  // What is trained is rounded, wherever the triple was searched.
  for (auto& candidate : best) candidate.latency_ms = latency_of(candidate.architecture);
  std::erase_if(best, [](const auto& candidate) { return !std::isfinite(candidate.latency_ms); });
  for (const auto& candidate : best) {
    const ScalingFactors built = built_factors(base_, candidate.architecture);
    predicted.push_back(result.star->surface.accuracy(built));
  }
  evaluate(best);
  double squares = 0;
  int trained = 0;
  for (size_t i = 0; i < best.size(); ++i) {
    if (best[i].failed) continue;
    const double error = predicted[i] - best[i].accuracy;
    result.star->largest_error = std::max(result.star->largest_error, std::abs(error));
    squares += error * error;
    ++trained;
  }
  if (trained > 0) result.star->root_mean_square_error = std::sqrt(squares / trained);
  result.candidates = best;
}

void TripleSearch::conclude(LacsResult& result) {
  const LacsCandidate* trained = best_of(result.candidates);
  if (trained == nullptr) {
    fail(ErrorKind::kInfeasible, "all " + std::to_string(result.candidates.size()) +
                                     " networks that the surface holds for the best failed to "
                                     "train; their statuses are in the log");
  }
  // Rounded networks beside an unrounded optimum do not tell triples apart: the surface decides.
  const LacsCandidate* best = result.star && config_.continuous ? best_of(scored_) : trained;
  AccuracyNoise noise = {.deviation = config_.noise.noise};
  if (config_.noise.noise_repeats > 0 && callbacks_.repeat) {
    std::vector<double> accuracies = callbacks_.repeat(*trained, config_.noise.noise_repeats);
    accuracies.push_back(trained->accuracy);
    if (accuracies.size() > 1) noise = measured_noise(accuracies);
  }
  // On a surface, what it cannot tell apart is wider than the noise of one training.
  if (result.star && result.star->surface.residual() > noise.deviation)
    noise = {.deviation = result.star->surface.residual(), .of_surface = true};
  const LacsCandidate* centre = result.star ? best_of(scored_) : best;
  result.plateau = plateau_of(scored_, *centre, noise);
  result.best = best->coefficients;
  // A later grid may have met more of the best's triples than its own.
  for (const auto& candidate : scored_) {
    if (candidate.architecture == best->architecture) {
      result.same_network.insert(result.same_network.end(), candidate.triples.begin(),
                                 candidate.triples.end());
    }
  }
}

void TripleSearch::fail_unreachable(const GridSurvey& survey, double target) {
  const GridConfig& box = config_.grid;
  const auto text = [&](double price) { return price_text(price); };
  const double most =
      solver_.price(CompoundCoefficients{box.max_alpha, box.max_beta, box.max_gamma});
  std::string message = std::string("no triple of the grid meets the target of ") + text(target) +
                        " within " + percent(box.tolerance) + ": the grid reaches from " +
                        text(solver_.price(base_)) + " to " +
                        (std::isfinite(most) ? text(most) : "more than the device holds") +
                        "; the nearest below takes " + text(survey.below_ms);
  if (std::isfinite(survey.above_ms)) {
    const double needed = std::min(survey.below_ms > 0 ? target - survey.below_ms : target,
                                   survey.above_ms - target) /
                          target;
    message += ", the nearest above " + text(survey.above_ms) + ": raise tolerance to " +
               ConfigWriter::plain_number(std::ceil(needed * 1000) / 1000) +
               ", or take a smaller coarse_step or a higher level";
  } else {
    message += ", none is above: raise max_alpha, max_beta or max_gamma, or lower latency_ratio";
  }
  fail(ErrorKind::kInfeasible, message);
}

}  // namespace ridgeline
