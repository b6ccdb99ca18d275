#include "experiments/preflight.h"

#include <algorithm>
#include <cstdio>
#include <exception>
#include <functional>
#include <optional>

#include "controller/checks.h"
#include "controller/mutation.h"
#include "core/interrupt.h"
#include "core/logging.h"
#include "core/parallel.h"
#include "core/units.h"
#include "experiments/scoring.h"
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

void warn_of(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const Error& error) {
    spdlog::warn("pre-flight: {}", error.what());
  }
}

struct Priced {
  Genotype genotype;
  double ms = 0;
};

/// Prices members of the space, on several threads at once where the oracle is a formula.
class Pricer {
 public:
  Pricer(const CandidateBuilder& candidates, const LatencyOracle& oracle)
      : candidates_(candidates), oracle_(oracle) {}

  /// Nothing for a network that has no latency; then `failure` gets the cause.
  std::optional<Priced> price(Genotype genotype, std::exception_ptr* failure = nullptr) const {
    stop_if_interrupted("during the pre-flight");
    try {
      const double ms = candidates_.build(genotype).latency_ms(oracle_);
      return Priced{std::move(genotype), ms};
    } catch (const Error& error) {  // a LatencyFailure is one too
      if (error.kind() != ErrorKind::kInfeasible) throw;
      if (failure) *failure = std::current_exception();
      return std::nullopt;
    }
  }

 private:
  const CandidateBuilder& candidates_;
  const LatencyOracle& oracle_;
};

/// Those of `genotypes` that have a latency. Throws the last one's failure where none has.
std::vector<Priced> price_all(const Pricer& pricer, std::vector<Genotype> genotypes, bool formula) {
  std::vector<std::optional<Priced>> all(genotypes.size());
  std::vector<std::exception_ptr> failures(genotypes.size());
  const auto one = [&](size_t i) { all[i] = pricer.price(std::move(genotypes[i]), &failures[i]); };
  if (formula) {
    parallel_for(all.size(), one);
  } else {  // a measurement wants the machine for itself
    for (size_t i = 0; i < all.size(); ++i) one(i);
  }
  std::erase(failures, nullptr);
  if (!failures.empty()) warn_of(failures.front());
  std::vector<Priced> priced;
  for (auto& found : all) {
    if (found) priced.push_back(std::move(*found));
  }
  if (priced.empty()) std::rethrow_exception(failures.back());
  return priced;
}

/// Where a walk of mutations leads that takes each step that `better(new, old)` likes.
double walk(Priced at, const Pricer& pricer, const std::vector<Decision>& decisions,
            RandomStream stream, const std::function<bool(double, double)>& better) {
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
  std::string text =
      std::string(points_text) + " networks, " + std::to_string(decisions) + " decisions; ";
  if (latency_left_out) return text + "latency is left out";
  const bool all = static_cast<long double>(samples) == points;
  text += "latency of " + (all ? "all" : std::to_string(samples) + " random ones") + ": fastest " +
          format_ms(min_ms) + ", median " + format_ms(median_ms) + ", slowest " +
          format_ms(max_ms) + "; target " + format_ms(target_ms) + ", " + percent(within_target) +
          " are within it";
  if (failed > 0) text += "; " + std::to_string(failed) + " more have no latency";
  return text;
}

Preflight survey_space(const CandidateBuilder& candidates, const LatencyOracle& oracle,
                       const ExperimentConfig& config, int samples, size_t target) {
  const SearchSpace& space = candidates.space();
  check_decisions(space.decisions());
  const AcceleratorConfig wanted = config.targets().at(target);
  RandomStream stream(config.seed, 0, "preflight");
  const Pricer pricer(candidates, oracle);
  const bool formula = is_formula(wanted.latency.kind);
  std::vector<Genotype> genotypes;
  for (int i = 0; i < samples; ++i) genotypes.push_back(random_genotype(space.decisions(), stream));
  if (space.size() <= samples) {  // each network of a small space once
    std::sort(genotypes.begin(), genotypes.end());
    genotypes.erase(std::unique(genotypes.begin(), genotypes.end()), genotypes.end());
  }
  const int drawn = static_cast<int>(genotypes.size());
  std::vector<Priced> priced = price_all(pricer, std::move(genotypes), formula);
  std::sort(priced.begin(), priced.end(),
            [](const Priced& a, const Priced& b) { return a.ms < b.ms; });
  Preflight result;
  result.target = target;
  result.points = space.size();
  result.decisions = space.decisions().size();
  result.samples = static_cast<int>(priced.size());
  result.failed = drawn - result.samples;
  result.min_ms = result.fastest_ms = priced.front().ms;
  result.median = priced[priced.size() / 2].genotype;
  result.median_ms = priced[priced.size() / 2].ms;
  result.max_ms = result.slowest_ms = priced.back().ms;
  result.target_ms = wanted.target_ms;
  result.latency_left_out = wanted.latency.kind == LatencyKind::kNone;
  const double limit = config.search.max_latency_ratio * result.target_ms;
  for (const Priced& one : priced) {
    if (one.ms <= result.target_ms) result.within_target += 1.0 / result.samples;
    if (limit > 0 && one.ms > limit) result.untrained += 1.0 / result.samples;
  }
  if (formula) {
    const auto walk_from = [&](const Priced& start, uint64_t id, auto better) {
      return walk(start, pricer, space.decisions(),
                  RandomStream(config.seed, id, "walk of the preflight"), better);
    };
    parallel_for(2, [&](size_t i) {
      if (i == 0) result.fastest_ms = walk_from(priced.front(), 0, std::less<>());
      if (i == 1) result.slowest_ms = walk_from(priced.back(), 1, std::greater<>());
    });
  }
  return result;
}

void check_target(const Preflight& preflight, const ExperimentConfig& config) {
  const std::string key = target_key(preflight.target);
  const bool formula = is_formula(config.targets().at(preflight.target).latency.kind);
  const double target = preflight.target_ms;
  const double margin = formula ? 1.0 : std::max(2.0, config.search.max_latency_ratio);
  if (ignores_latency(config.reward)) return;
  if (preflight.fastest_ms > margin * target) {
    object(config, key + ": out of reach: the fastest network that was found needs " +
                       format_ms(preflight.fastest_ms) + "; " + preflight.str() + "; raise " + key +
                       " to at least " + format_ms(preflight.fastest_ms) +
                       ", lower latency.batch, choose faster hardware, or give the space smaller "
                       "networks");
  } else if (preflight.slowest_ms < target) {
    const std::string what = key + ": even the slowest network that was found needs only " +
                             format_ms(preflight.slowest_ms) + ", so the target decides nothing; " +
                             preflight.str() + "; lower " + key +
                             ", about the median is a start, or give the space larger networks";
    if (formula && preflight.slowest_ms < kPointless * target) {
      object(config, what);
    } else {
      spdlog::warn("{}", what);
    }
  }
  if (preflight.untrained > 0.5) {
    spdlog::warn(
        "{} of random networks are slower than {} times the target and would not be trained: the "
        "search starts blind; raise {} or search.max_latency_ratio",
        percent(preflight.untrained), config.search.max_latency_ratio, key);
  }
}

void check_limits(const CandidateBuilder& candidates, const ExperimentConfig& config) {
  const RewardLimits& allowed = config.reward.limits;
  if (!allowed.params && !allowed.madds && !allowed.memory_mib) return;
  const Limits limits(config);
  const auto& decisions = candidates.space().decisions();
  RandomStream stream(config.seed, 1, "preflight");
  Genotype nearest;
  double margin = -2;  // of the nearest; every network's is higher
  const auto margin_of = [&](const Genotype& genotype) {
    return limits.margin(candidates.build(genotype).cost);
  };
  const auto keep_nearest = [&](Genotype genotype, double own) {
    if (own <= margin) return;
    margin = own;
    nearest = std::move(genotype);
  };
  std::vector<Genotype> random;
  for (int i = 0; i < kSteps; ++i) random.push_back(random_genotype(decisions, stream));
  std::vector<double> margins(random.size());
  parallel_for(random.size(), [&](size_t i) { margins[i] = margin_of(random[i]); });
  const auto within = std::count(margins.begin(), margins.end(), 0.0);
  for (size_t i = 0; i < random.size(); ++i) keep_nearest(std::move(random[i]), margins[i]);
  spdlog::info("reward.limits allow {} of {} random networks",
               percent(static_cast<double>(within) / kSteps), kSteps);
  if (within > 0) return;
  for (int step = 0; step < kSteps && margin < 0; ++step) {
    Genotype next = mutated(decisions, nearest, stream);
    const double own = margin_of(next);
    keep_nearest(std::move(next), own);
  }
  if (margin == 0) {
    spdlog::warn(
        "reward.limits allow some network of the space, but rule out all random ones, which are "
        "not trained: the search starts blind; raise the limits, or name a network that is within "
        "them in search.warm_start");
    return;
  }
  const auto cause = limits.exclusion(candidates.build(nearest).cost);
  object(config, "reward.limits: out of reach: of the network that was found nearest to them, " +
                     cause.value_or("") + "; raise the limit, or give the space smaller networks");
}

}  // namespace ridgeline
