#include "scaling/lacs.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "network/cost.h"
#include "scaling/triple_search.h"

namespace ridgeline {
namespace {

double madds_of(const Architecture& architecture) {
  return static_cast<double>(cost(lower(architecture)).total.madds);
}

/// One search of the coefficients, and the family that they give.
class Lacs {
 public:
  Lacs(const Architecture& base, const LacsConfig& config, const LacsCallbacks& callbacks)
      : base_(base),
        config_(config),
        callbacks_(callbacks),
        latency_{callbacks.latency_ms, callbacks.unrounded_ms, callbacks.parallel},
        multiply_adds_{madds_of,
                       [this](const ScalingFactors& f) {
                         return madds_of(base_) * f.depth * f.width * f.width * f.resolution *
                                f.resolution;
                       },
                       true},
        solver_(base, config, latency_) {}

  LacsResult run() {
    LacsResult result;
    result.base_ms = solver_.price(base_);
    if (!std::isfinite(result.base_ms))
      throw Error(ErrorKind::kInfeasible, "scaling: the base network does not fit the device");
    describe_base(result);
    if (config_.mode == ScalingMode::kGiven) {
      result.best = config_.given;
    } else {
      search(result);
      result.bounds = coefficients_at_bounds(result.best, config_.grid, largest_gamma());
    }
    if (!result.refused.empty()) return refused(std::move(result));
    make_members(result);
    return result;
  }

 private:
  double latency_ms(const Architecture& network) { return solver_.price(network); }

  /// Without rounding: max_gamma.
  double largest_gamma() const {
    if (config_.continuous) return config_.grid.max_gamma;
    const double most = std::pow(config_.grid.max_gamma, config_.level);
    const int side = resolutions_up_to(base_.resolution, most, config_.rounding).back();
    return std::pow(side / static_cast<double>(base_.resolution), 1 / config_.level);
  }

  void describe_base(LacsResult& result) {
    const auto latency = [&](const Architecture& network) { return latency_ms(network); };
    result.elasticities = {{"latency", elasticities(base_, latency)},
                           {"multiply-adds", elasticities(base_, madds_of)}};
  }

  void search(LacsResult& result) {
    if (config_.mode == ScalingMode::kAccuracyOnly) {
      CoefficientSolver by_madds(base_, config_, multiply_adds_);
      const double target = by_madds.price(base_) * std::pow(2.0, config_.level);
      TripleSearch(base_, config_, callbacks_, by_madds).run(target, result);
      return;
    }
    result.target_ms = config_.latency_ratio * result.base_ms;
    TripleSearch(base_, config_, callbacks_, solver_).run(result.target_ms, result);
    if (config_.mode == ScalingMode::kDirect && result.refused.empty()) search_each_level(result);
  }

  /// Table 5: whether a member's own level leads to the same triple.
  void search_each_level(LacsResult& result) {
    for (const double phi : config_.family) {
      if (phi <= 0) continue;
      if (phi == config_.level) {
        result.direct.push_back({phi, result.best});
        continue;
      }
      LacsConfig own = config_;
      own.level = phi;
      own.latency_ratio = std::pow(config_.latency_ratio, phi / config_.level);
      LacsResult found;
      found.target_ms = own.latency_ratio * result.base_ms;
      CoefficientSolver solver(base_, own, latency_);
      TripleSearch(base_, own, callbacks_, solver).run(found.target_ms, found);
      if (!found.refused.empty()) {
        result.refused = found.refused;
        return;
      }
      result.direct.push_back({phi, found.best});
      result.candidates.insert(result.candidates.end(), found.candidates.begin(),
                               found.candidates.end());
    }
  }

  /// Nothing can be scaled within the limits: the base network is all that is left of the family.
  LacsResult refused(LacsResult result) {
    LacsConfig alone = config_;
    std::erase_if(alone.family, [](double phi) { return phi > 0; });
    alone.family_targets.reset();
    result.family = make_family(base_, result.best, alone, callbacks_.latency_ms);
    return result;
  }

  CompoundCoefficients coefficients_for(double phi, const LacsResult& result) const {
    const auto own = std::find_if(result.direct.begin(), result.direct.end(),
                                  [&](const DirectTriple& triple) { return triple.phi == phi; });
    return own == result.direct.end() ? result.best : own->coefficients;
  }

  void make_members(LacsResult& result) {
    const auto latency = [&](const Architecture& network) { return latency_ms(network); };
    if (result.direct.empty() || config_.family_targets) {
      result.family = make_family(base_, result.best, config_, latency, callbacks_.over_limit);
    } else {
      for (const double phi : config_.family) {
        LacsConfig one = config_;
        one.family = {phi};
        auto member =
            make_family(base_, coefficients_for(phi, result), one, latency, callbacks_.over_limit);
        member[0].name = std::string("B") + std::to_string(result.family.size());
        result.family.push_back(std::move(member[0]));
      }
    }
    for (auto& member : result.family) {
      for (const auto& candidate : result.candidates) {
        if (!candidate.failed && candidate.architecture == member.architecture)
          member.accuracy = candidate.accuracy;
      }
    }
  }

  const Architecture& base_;
  const LacsConfig& config_;
  const LacsCallbacks& callbacks_;
  ScalingPrice latency_, multiply_adds_;
  CoefficientSolver solver_;
};

}  // namespace

LacsResult search_coefficients(const Architecture& base, const LacsConfig& config,
                               const LacsCallbacks& callbacks) {
  check(config);
  if (config.continuous && !callbacks.unrounded_ms)
    throw Error(ErrorKind::kConfig,
                "scaling: continuous needs a latency oracle for unrounded dimensions");
  if (config.score == TripleScore::kStar && !callbacks.reward)
    throw Error(ErrorKind::kInternal, "scaling: score star needs the reward of a given accuracy");
  return Lacs(base, config, callbacks).run();
}

}  // namespace ridgeline
