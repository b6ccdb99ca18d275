#include "experiments/preflight.h"

#include <algorithm>
#include <cstdio>
#include <exception>
#include <optional>

#include "controller/mutation.h"
#include "core/logging.h"
#include "core/units.h"
#include "latency/command_oracle.h"

namespace ridgeline {
namespace {

/// A space of 50 decisions of 4 choices has 150 neighbours of a network: enough to try each of them
/// a few times.
constexpr int kSteps = 1000;
/// A target over the slowest network by less than this may be meant: LACS scales the winner up.
constexpr double kPointless = 0.5;

/// All and none are said of all and none only.
std::string percent(double share) {
  if (share > 0 && share < 0.005) return "under 1 %";
  if (share >= 0.995 && share < 1) return "over 99 %";
  return format_fixed(100 * share, 0) + " %";
}

struct Priced {
  Genotype genotype;
  double ms = 0;
};

/// Prices members of the space, each in the memory of the one before.
class Pricer {
 public:
  Pricer(const SearchSpace& space, const LatencyOracle& oracle) : space_(space), oracle_(oracle) {}

  /// Nothing for a network that has no latency; its cause is kept.
  std::optional<Priced> price(Genotype genotype) {
    const Architecture architecture = space_.decode(genotype);
    if (!architecture.is_plain()) network_ = lower(architecture, std::move(network_));
    try {
      const double ms = oracle_.estimate_architecture(architecture, network_).ms;
      return Priced{std::move(genotype), ms};
    } catch (const Error& error) {  // a LatencyFailure is one too
      if (error.kind() != ErrorKind::kInfeasible) throw;
      if (!failure_) spdlog::warn("pre-flight: {}", error.what());
      failure_ = std::current_exception();
      return std::nullopt;
    }
  }
  std::exception_ptr failure() const { return failure_; }

 private:
  const SearchSpace& space_;
  const LatencyOracle& oracle_;
  Network network_;
  std::exception_ptr failure_;
};

/// Where a walk of mutations leads that takes each step that `better(new, old)` likes.
template <class Better>
double walk(Priced at, Pricer& pricer, const std::vector<Decision>& decisions, RandomStream& stream,
            const Better& better) {
  for (int step = 0; step < kSteps; ++step) {
    auto next = pricer.price(mutated(decisions, at.genotype, stream));
    if (next && better(next->ms, at.ms)) at = std::move(*next);
  }
  return at.ms;
}

/// The reward's latency term is off: any target is as good as another.
bool ignores_latency(const RewardConfig& reward) {
  return reward.kind == RewardKind::kMnasSoft && reward.alpha.value_or(reward.w) == 0 &&
         reward.beta.value_or(reward.w) == 0;
}

void object(const ExperimentConfig& config, const std::string& what) {
  if (config.runtime.preflight == PreflightPolicy::kStop) {
    throw Error(ErrorKind::kInfeasible,
                what + "; to go on all the same: --set runtime.preflight=warn");
  }
  spdlog::warn("{}", what);
}

}  // namespace

std::string Preflight::str() const {
  char points_text[64];
  std::snprintf(points_text, sizeof points_text, points < 1e6L ? "%.0Lf" : "%.3Lg", points);
  std::string text = std::string(points_text) + " networks, " + std::to_string(decisions) +
                     " decisions; latency of " + std::to_string(samples) +
                     " random ones: fastest " + format_ms(min_ms) + ", median " +
                     format_ms(median_ms) + ", slowest " + format_ms(max_ms) + "; target " +
                     format_ms(target_ms) + ", " + percent(within_target) + " are within it";
  if (failed > 0) text += "; " + std::to_string(failed) + " more have no latency";
  return text;
}

Preflight survey_space(const SearchSpace& space, const LatencyOracle& oracle,
                       const ExperimentConfig& config, int samples) {
  RandomStream stream(config.seed, 0, "preflight");
  Pricer pricer(space, oracle);
  std::vector<Priced> priced;
  for (int i = 0; i < samples; ++i) {
    if (auto one = pricer.price(random_genotype(space.decisions(), stream)))
      priced.push_back(std::move(*one));
  }
  if (priced.empty()) std::rethrow_exception(pricer.failure());
  std::sort(priced.begin(), priced.end(),
            [](const Priced& a, const Priced& b) { return a.ms < b.ms; });
  Preflight result;
  result.points = space.size();
  result.decisions = space.decisions().size();
  result.samples = static_cast<int>(priced.size());
  result.failed = samples - result.samples;
  result.min_ms = result.fastest_ms = priced.front().ms;
  result.median = priced[priced.size() / 2].genotype;
  result.median_ms = priced[priced.size() / 2].ms;
  result.max_ms = result.slowest_ms = priced.back().ms;
  result.target_ms = config.reward.target_ms;
  const double limit = config.search.max_latency_ratio * result.target_ms;
  for (const Priced& one : priced) {
    if (one.ms <= result.target_ms) result.within_target += 1.0 / result.samples;
    if (limit > 0 && one.ms > limit) result.untrained += 1.0 / result.samples;
  }
  if (is_formula(config.latency.kind)) {
    const auto& decisions = space.decisions();
    result.fastest_ms = walk(priced.front(), pricer, decisions, stream, std::less<>());
    result.slowest_ms = walk(priced.back(), pricer, decisions, stream, std::greater<>());
  }
  return result;
}

void check_target(const Preflight& preflight, const ExperimentConfig& config) {
  const bool formula = is_formula(config.latency.kind);
  const double target = preflight.target_ms;
  const double margin = formula ? 1.0 : std::max(2.0, config.search.max_latency_ratio);
  if (ignores_latency(config.reward)) return;
  if (preflight.fastest_ms > margin * target) {
    object(config, "reward.target_ms: out of reach: the fastest network that was found needs " +
                       format_ms(preflight.fastest_ms) + "; " + preflight.str() +
                       "; raise reward.target_ms to at least " + format_ms(preflight.fastest_ms) +
                       ", lower latency.batch, choose faster hardware, or give the space smaller "
                       "networks");
  } else if (preflight.slowest_ms < target) {
    const std::string what =
        "reward.target_ms: even the slowest network that was found needs only " +
        format_ms(preflight.slowest_ms) + ", so the target decides nothing; " + preflight.str() +
        "; lower reward.target_ms, about the median is a start, or give the space larger networks";
    if (formula && preflight.slowest_ms < kPointless * target) {
      object(config, what);
    } else {
      spdlog::warn("{}", what);
    }
  }
  if (preflight.untrained > 0.5) {
    spdlog::warn(
        "{} of random networks are slower than {} times the target and would not be trained: the "
        "search starts blind; raise reward.target_ms or search.max_latency_ratio",
        percent(preflight.untrained), config.search.max_latency_ratio);
  }
}

}  // namespace ridgeline
