#include "scaling/family.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/error.h"
#include "core/units.h"
#include "scaling/coefficient_solve.h"

namespace ridgeline {
namespace {

/// Members by a latency are looked for up to here.
constexpr double kLargestPhi = 20;
constexpr int kPhiSteps = 2000;

class FamilyMaker {
 public:
  FamilyMaker(const Architecture& base, const CompoundCoefficients& best, const LacsConfig& config,
              const NetworkPrice& latency_ms, const NetworkLimit& over_limit)
      : base_(base),
        best_(best),
        config_(config),
        latency_ms_(latency_ms),
        over_limit_(over_limit) {}

  FamilyMember at_phi(double phi) const {
    if (config_.has_target()) {
      const double ratio = std::pow(config_.latency_ratio, phi / config_.level);
      return member(phi, ratio * price(base_));
    }
    return member(phi, 0);
  }

  FamilyMember at_target(double target_ms) const {
    const auto latency_at = [&](int step) { return price(nominal(phi_of(step))); };
    // Below the base is out of reach by more than rounding errors.
    if (target_ms < latency_at(0) * (1 - 1e-9)) refuse(target_ms);
    const int step = last_at_most(kPhiSteps + 1, target_ms, latency_at);
    if (step == kPhiSteps || (step >= 0 && !std::isfinite(latency_at(step + 1)) &&
                              latency_at(step) < target_ms * (1 - config_.grid.tolerance)))
      refuse(target_ms);
    return member(phi_of(std::max(0, step)), target_ms);
  }

 private:
  static double phi_of(int step) { return step * kLargestPhi / kPhiSteps; }

  Architecture nominal(double phi) const { return scale(base_, best_.at(phi), config_.rounding); }

  double price(const Architecture& network) const {
    try {
      return latency_ms_(network);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::kInfeasible) throw;
      return std::numeric_limits<double>::infinity();
    }
  }

  FamilyMember member(double phi, double target_ms) const {
    FamilyMember result;
    result.phi = phi;
    result.factors = best_.at(phi);
    result.architecture = nominal(phi);
    result.target_ms = target_ms;
    if (target_ms > 0 && phi > 0 && config_.fit_resolution) fit(result);
    result.latency_ms = price(result.architecture);
    if (!std::isfinite(result.latency_ms)) {
      result.over_limit = "it does not fit the device" + reach([&](const Architecture& network) {
                            return std::isfinite(price(network));
                          });
    } else if (const auto over = over_limit_ ? over_limit_(result.architecture) : std::nullopt) {
      result.over_limit = "its " + *over + " (reward.limits)" +
                          reach([&](const Architecture& network) { return !over_limit_(network); });
    }
    return result;
  }

  /// Up to which exponent members are `allowed`, in words.
  std::string reach(const std::function<bool(const Architecture&)>& allowed) const {
    const int step = last_at_most(kPhiSteps + 1, 1,
                                  [&](int i) { return allowed(nominal(phi_of(i))) ? 0.5 : 2.0; });
    if (step < 0) return "; so is the base network";
    const double phi = phi_of(step);
    return "; members up to phi " + ConfigWriter::plain_number(phi) + " (" +
           format_ms(price(nominal(phi))) + ") are within it";
  }

  /// Depth and width at an exponent, at the base's resolution.
  Architecture narrow(double phi) const {
    const ScalingFactors factors = best_.at(phi);
    return scale(base_, {factors.depth, factors.width, 1}, config_.rounding);
  }

  void fit(FamilyMember& member) const {
    const double target = member.target_ms;
    const auto phi_at = [&](int step) { return member.phi * step / kPhiSteps; };
    const auto price_at = [&](int i) { return price(narrow(phi_at(i))); };
    const int step =
        price_at(kPhiSteps) <= target ? kPhiSteps : last_at_most(kPhiSteps + 1, target, price_at);
    if (step < 0) return;
    const double phi = phi_at(step);
    Architecture network = narrow(phi);
    // The box of the search holds for members too; given coefficients have none.
    const double most =
        config_.has_target()
            ? std::max(member.factors.resolution, std::pow(config_.grid.max_gamma, member.phi))
            : 2 * member.factors.resolution;
    const auto sides = resolutions_up_to(base_.resolution, most, config_.rounding);
    const auto at_side = [&](int i) {
      network.resolution = sides[i];
      return price(network);
    };
    const auto nominal_side =
        std::lower_bound(sides.begin(), sides.end(), member.architecture.resolution);
    const int start = std::min(static_cast<int>(sides.size()) - 1,
                               static_cast<int>(nominal_side - sides.begin()));
    const int side = nearest_item(static_cast<int>(sides.size()), start, target, at_side);
    const auto miss_of = [&](double ms) { return std::abs(std::log(ms / target)); };
    // One step of depth or width further, at the base's resolution, may be nearer still.
    const Architecture further = narrow(phi_at(std::min(step + 1, kPhiSteps)));
    const bool take_further = miss_of(price(further)) < miss_of(at_side(side));
    network.resolution = sides[side];
    member.architecture = take_further ? further : network;
    const ScalingFactors narrowed = best_.at(take_further ? phi_at(step + 1) : phi);
    member.factors = {narrowed.depth, narrowed.width,
                      member.architecture.resolution / static_cast<double>(base_.resolution)};
  }

  [[noreturn]] void refuse(double target_ms) const {
    double most = price(base_);
    for (int step = 0; step <= kPhiSteps; step += kPhiSteps / 50) {
      const double ms = price(nominal(phi_of(step)));
      if (std::isfinite(ms)) most = std::max(most, ms);
    }
    throw Error(ErrorKind::kInfeasible,
                "scaling: the family has no member of " + format_ms(target_ms) +
                    " (scaling.family_targets): it reaches from " + format_ms(price(base_)) +
                    ", the base network's, to " + format_ms(most));
  }

  const Architecture& base_;
  const CompoundCoefficients& best_;
  const LacsConfig& config_;
  const NetworkPrice& latency_ms_;
  const NetworkLimit& over_limit_;
};

}  // namespace

double deviation_from_target(const FamilyMember& member) {
  return member.target_ms > 0 ? member.latency_ms / member.target_ms - 1 : 0;
}

std::vector<FamilyMember> make_family(const Architecture& base, const CompoundCoefficients& best,
                                      const LacsConfig& config, const NetworkPrice& latency_ms,
                                      const NetworkLimit& over_limit) {
  const FamilyMaker maker(base, best, config, latency_ms, over_limit);
  std::vector<FamilyMember> family;
  const auto add = [&](FamilyMember member) {
    member.name = std::string("B") + std::to_string(family.size());  // GCC 12 warns of "B" + ...
    family.push_back(std::move(member));
  };
  if (!config.family_targets) {
    for (const double phi : config.family) add(maker.at_phi(phi));
  } else {
    for (const double target_ms : *config.family_targets) add(maker.at_target(target_ms));
  }
  return family;
}

}  // namespace ridgeline
