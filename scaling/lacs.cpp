#include "scaling/lacs.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/units.h"
#include "scaling/lacs_grid.h"

namespace ridgeline {
namespace {

constexpr double kMaxGridPoints = 1e6;

[[noreturn]] void fail(ErrorKind kind, const std::string& what) {
  throw Error(kind, "scaling: " + what);
}

std::string percent(double fraction) {
  return ConfigWriter::plain_number(std::round(fraction * 1e4) / 100) + " %";
}

/// What a struct filled by hand may get wrong; values from YAML have passed the same limits.
void check(const LacsConfig& config) {
  const auto require = [](bool holds, const std::string& what) {
    if (!holds) fail(ErrorKind::kConfig, what);
  };
  require(std::isfinite(config.latency_ratio) && config.latency_ratio > 1,
          "latency_ratio must be above 1");
  require(std::isfinite(config.level) && config.level > 0, "level must be above 0");
  require(config.tolerance > 0 && config.tolerance < 1, "tolerance must be between 0 and 1");
  for (const double maximum : {config.max_alpha, config.max_beta, config.max_gamma}) {
    require(std::isfinite(maximum) && maximum >= 1,
            "max_alpha, max_beta and max_gamma must be at least 1");
  }
  require(config.coarse_step >= 1e-4 && config.fine_step >= 1e-4,
          "coarse_step and fine_step must be at least 0.0001");
  require(config.max_candidates >= 1, "max_candidates must be at least 1");
}

CoefficientGrid limited(CoefficientGrid grid, const char* step) {
  if (grid.points() <= kMaxGridPoints) return grid;
  fail(ErrorKind::kConfig, std::string(step) + " makes a grid of " + format_count(grid.points()) +
                               " points; at most " + format_count(kMaxGridPoints) +
                               " are allowed: take a larger step or smaller maxima");
}

CoefficientGrid coarse_grid(const LacsConfig& config) {
  const auto axis = [&](double maximum) { return grid_axis(1, config.coarse_step, 1, maximum); };
  return limited({axis(config.max_alpha), axis(config.max_beta), axis(config.max_gamma)},
                 "coarse_step");
}

/// Within one coarse step around `centre`, clipped to the coarse grid's box.
CoefficientGrid fine_grid(const LacsConfig& config, const CompoundCoefficients& centre) {
  const auto axis = [&](double middle, double maximum) {
    return grid_axis(middle, config.fine_step, std::max(1.0, middle - config.coarse_step),
                     std::min(maximum, middle + config.coarse_step));
  };
  return limited({axis(centre.alpha, config.max_alpha), axis(centre.beta, config.max_beta),
                  axis(centre.gamma, config.max_gamma)},
                 "fine_step");
}

[[noreturn]] void fail_unreachable(const GridSurvey& survey, double target_ms, double tolerance) {
  std::string message = "no network of the grid meets the target latency of " +
                        format_ms(target_ms) + " within " + percent(tolerance) +
                        "; the nearest below takes " + format_ms(survey.below_ms);
  if (std::isfinite(survey.above_ms)) {
    const double needed =
        std::min(target_ms - survey.below_ms, survey.above_ms - target_ms) / target_ms;
    message += ", the nearest above " + format_ms(survey.above_ms) + ": raise tolerance to " +
               ConfigWriter::plain_number(std::ceil(needed * 1000) / 1000) +
               ", or take a smaller coarse_step or a higher level";
  } else {
    message += ", none is above: raise max_alpha, max_beta or max_gamma, or lower latency_ratio";
  }
  fail(ErrorKind::kInfeasible, message);
}

/// Highest reward, lower latency among equals; null when every candidate failed.
const LacsCandidate* best_of(const std::vector<LacsCandidate>& candidates) {
  const LacsCandidate* best = nullptr;
  for (const auto& candidate : candidates) {
    if (candidate.failed) continue;
    if (best == nullptr || candidate.reward > best->reward ||
        (candidate.reward == best->reward && candidate.latency_ms < best->latency_ms)) {
      best = &candidate;
    }
  }
  return best;
}

/// Takes out the networks that break a limit; what the first of them breaks.
std::string drop_over_limit(std::vector<GridNetwork>& networks, const LacsCallbacks& callbacks) {
  std::string first;
  if (!callbacks.over_limit) return first;
  std::erase_if(networks, [&](const GridNetwork& network) {
    const auto over = callbacks.over_limit(network.architecture);
    if (over && first.empty()) first = *over;
    return over.has_value();
  });
  return first;
}

/// Nothing can be scaled within the limits: the base network is all that is left of the family.
void refuse(LacsResult& result, const std::string& first, const Architecture& base,
            LacsConfig config, const LacsCallbacks& callbacks) {
  result.refused = "every scaled network at " + format_ms(result.target_ms) +
                   " breaks a limit of the reward, the first one because its " + first +
                   ": raise that limit or lower scaling.latency_ratio";
  std::erase_if(config.family, [](double phi) { return phi > 0; });
  result.family = make_family(base, result.best, config, callbacks.latency_ms);
}

/// Scores the widest-spread of `networks` that no earlier grid has scored and appends them.
void evaluate_grid(const std::vector<GridNetwork>& networks, bool fine, const LacsConfig& config,
                   const LacsCallbacks& callbacks, std::vector<LacsCandidate>& evaluated) {
  std::vector<CompoundCoefficients> taken;
  for (const auto& candidate : evaluated) taken.push_back(candidate.coefficients);
  std::vector<GridNetwork> fresh;
  std::copy_if(
      networks.begin(), networks.end(), std::back_inserter(fresh), [&](const auto& network) {
        return std::none_of(evaluated.begin(), evaluated.end(), [&](const auto& candidate) {
          return candidate.architecture == network.architecture;
        });
      });
  if (fresh.empty()) return;
  std::vector<LacsCandidate> batch;
  for (const auto& network : spread_widest(fresh, taken, config.max_candidates)) {
    batch.push_back({.coefficients = network.coefficients,
                     .architecture = network.architecture,
                     .latency_ms = network.latency_ms,
                     .fine = fine});
  }
  callbacks.evaluate(batch);
  for (auto& candidate : batch) {
    candidate.failed = candidate.failed || !std::isfinite(candidate.reward);
    evaluated.push_back(std::move(candidate));
  }
}

}  // namespace

LacsResult search_coefficients(const Architecture& base, const LacsConfig& config,
                               const LacsCallbacks& callbacks) {
  check(config);
  ScaledPricer pricer(base, config.level, config.resolution_multiple, callbacks.latency_ms);
  const double base_ms = pricer.latency_ms(base);
  if (!std::isfinite(base_ms))
    fail(ErrorKind::kInfeasible, "the base network does not fit the device");

  LacsResult result;
  result.target_ms = config.latency_ratio * base_ms;
  // The slack keeps a network that meets the limit exactly on the right side of rounding errors.
  const double low_ms = result.target_ms * (1 - config.tolerance) * (1 - 1e-9);
  const double high_ms = result.target_ms * (1 + config.tolerance) * (1 + 1e-9);

  GridSurvey coarse = pricer.survey(coarse_grid(config), low_ms, high_ms);
  if (coarse.networks.empty()) fail_unreachable(coarse, result.target_ms, config.tolerance);
  const std::string over = drop_over_limit(coarse.networks, callbacks);
  if (coarse.networks.empty()) {
    refuse(result, over, base, config, callbacks);
    return result;
  }
  evaluate_grid(coarse.networks, false, config, callbacks, result.candidates);
  const LacsCandidate* best = best_of(result.candidates);
  if (best == nullptr) {
    fail(ErrorKind::kInfeasible,
         "all " + std::to_string(result.candidates.size()) +
             " scaled networks failed to train; their statuses are in the log");
  }

  GridSurvey fine = pricer.survey(fine_grid(config, best->coefficients), low_ms, high_ms);
  drop_over_limit(fine.networks, callbacks);
  evaluate_grid(fine.networks, true, config, callbacks, result.candidates);
  result.best = best_of(result.candidates)->coefficients;
  result.family = make_family(base, result.best, config, [&](const Architecture& architecture) {
    return pricer.latency_ms(architecture);
  });
  for (auto& member : result.family) {
    member.target_ms = base_ms * std::pow(config.latency_ratio, member.phi / config.level);
    for (const auto& candidate : result.candidates) {
      if (!candidate.failed && candidate.architecture == member.architecture)
        member.accuracy = candidate.accuracy;
    }
    if (callbacks.over_limit)
      member.over_limit = callbacks.over_limit(member.architecture).value_or("");
  }
  return result;
}

double deviation_from_target(const FamilyMember& member) {
  return member.target_ms > 0 ? member.latency_ms / member.target_ms - 1 : 0;
}

std::vector<std::string> coefficients_at_bounds(const CompoundCoefficients& best,
                                                const LacsConfig& config) {
  std::vector<std::string> texts;
  const auto look = [&](const std::string& name, double value, double maximum) {
    if (value < maximum * (1 - 1e-9)) return;
    texts.push_back(name + " " + ConfigWriter::plain_number(value) +
                    " is at its bound scaling.max_" + name);
  };
  look("alpha", best.alpha, config.max_alpha);
  look("beta", best.beta, config.max_beta);
  look("gamma", best.gamma, config.max_gamma);
  return texts;
}

std::vector<FamilyMember> make_family(
    const Architecture& base, const CompoundCoefficients& best, const LacsConfig& config,
    const std::function<double(const Architecture&)>& latency_ms) {
  std::vector<FamilyMember> family;
  for (const double phi : config.family) {
    FamilyMember member;
    member.name = std::string("B") + std::to_string(family.size());  // GCC 12 warns of "B" + ...
    member.phi = phi;
    member.factors = best.at(phi);
    member.architecture = scale(base, member.factors, config.resolution_multiple);
    member.latency_ms = latency_ms(member.architecture);
    family.push_back(std::move(member));
  }
  return family;
}

}  // namespace ridgeline
