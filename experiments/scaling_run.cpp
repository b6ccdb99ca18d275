#include "experiments/scaling_run.h"

#include <cmath>
#include <limits>

#include "core/interrupt.h"
#include "experiments/finalists.h"
#include "latency/measurement/make_oracle.h"

namespace ridgeline {
namespace {

/// A constraint must not judge the candidates by which side of the target rounding left them on.
double scaled_target(const ExperimentConfig& config, double base_ms) {
  const double slack =
      config.reward.kind == RewardKind::kConstraint ? 1 + config.scaling.grid.tolerance : 1;
  return config.scaling.latency_ratio * base_ms * slack;
}

/// The run's configuration with the latency targets of the scaled networks.
ExperimentConfig at_scaled_targets(ExperimentConfig config, const Architecture& base,
                                   const ScalingParts& parts, const ScalingTarget& target) {
  const CandidateNetwork candidate(base);
  auto targets = config.targets();
  for (size_t i = 0; i < targets.size(); ++i)
    targets[i].target_ms = scaled_target(config, candidate.latency_ms(parts.oracles[i].oracle));
  if (target.alone) {
    config.accelerators.reset();
    targets = {targets[target.index]};
  }
  config.set_targets(targets);
  config.reward.limits = {};  // the candidates were held to them
  return config;
}

LatencyConfig analytic(const std::string& hardware, const LatencyConfig& like) {
  LatencyConfig config;
  config.hardware = hardware;
  config.batch = like.batch;
  return config;
}

double latency_or_never(const LatencyOracle& oracle, const Architecture& network) {
  try {
    return oracle.estimate_architecture(network).ms;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kInfeasible) throw;
    return std::numeric_limits<double>::infinity();
  }
}

void check_unrounded(const ExperimentConfig& config, const LatencyConfig& latency) {
  if (!config.scaling.continuous) return;
  const std::string why = config.scaling.score != TripleScore::kStar
                              ? "scaling.score: star, since no network of unrounded depth and "
                                "width can be trained"
                          : !is_formula(latency.kind)
                              ? "an analytic latency.kind, since no such network can be measured"
                              : "";
  if (!why.empty())
    throw Error(ErrorKind::kConfig, "scaling.continuous: needs " + why + "; valid: false");
}

class ScalingRun {
 public:
  ScalingRun(const ExperimentConfig& config, const Architecture& base, const ScalingParts& parts,
             const ScalingTarget& target, const TrialObserver& observer)
      : config_(config),
        base_(base),
        parts_(parts),
        target_(target),
        latency_(config.targets().at(target.index).latency),
        limits_(config),
        trials_(at_scaled_targets(config, base, parts, target), parts, target, observer) {}

  LacsResult run() {
    check_unrounded(config_, latency_);
    LacsResult result = search_coefficients(base_, config_.scaling, callbacks());
    result.accelerator = parts_.oracles[target_.index].accelerator;
    add_search_accuracy(result);
    if (config_.scaling.train_family) train(result);
    describe(result);
    return result;
  }

 private:
  double latency_ms(const Architecture& network) const {
    stop_if_interrupted("during the search of scaling coefficients");
    return CandidateNetwork(network).latency_ms(parts_.oracles[target_.index].oracle);
  }

  LacsCallbacks callbacks() {
    LacsCallbacks callbacks;
    callbacks.latency_ms = [this](const Architecture& a) { return latency_ms(a); };
    callbacks.evaluate = [this](std::vector<LacsCandidate>& candidates) {
      trials_.evaluate(candidates);
    };
    // Not to the latency, also where the reward is a constraint: Equation 4 gives it its own
    // target.
    callbacks.over_limit = [this](const Architecture& a) {
      return limits_.exclusion(CandidateNetwork(a).cost);
    };
    callbacks.reward = [this](LacsCandidate& candidate) { trials_.fill_reward(candidate); };
    callbacks.repeat = [this](const LacsCandidate& candidate, int times) {
      return trials_.repeat(candidate, times);
    };
    callbacks.parallel = is_formula(latency_.kind);
    callbacks.unrounded_ms = [this](const ScalingFactors& factors) {
      return unrounded_price(base_, factors,
                             [this](const Architecture& a) { return latency_ms(a); });
    };
    return callbacks;
  }

  void add_search_accuracy(LacsResult& result) const {
    const auto winner = winner_of(parts_.store);
    if (!winner) return;
    Architecture searched = winner->trial.architecture;
    searched.name = base_.name;
    for (auto& member : result.family) {
      if (member.architecture == searched) member.accuracy = winner->trial.accuracy;
    }
  }

  void train(LacsResult& result) {
    std::vector<LacsCandidate> untrained;
    std::vector<FamilyMember*> members;
    for (auto& member : result.family) {
      if (member.accuracy || !member.over_limit.empty()) continue;
      LacsCandidate candidate;
      candidate.coefficients = result.best;
      candidate.architecture = member.architecture;
      candidate.latency_ms = member.latency_ms;
      candidate.round = static_cast<int>(result.steps.size());
      untrained.push_back(std::move(candidate));
      members.push_back(&member);
    }
    trials_.evaluate(untrained);
    for (size_t i = 0; i < untrained.size(); ++i) {
      if (!untrained[i].failed) members[i]->accuracy = untrained[i].accuracy;
    }
  }

  /// On all hardware that is named.
  void describe(LacsResult& result) const {
    const auto hardware = config_.scaling.price_on.value_or(std::vector<std::string>{});
    for (auto& member : result.family)
      price_member(member, parts_.oracles, target_.index, hardware, latency_);
    const auto name = [&](size_t i) {
      const std::string& accelerator = parts_.oracles[i].accelerator;
      return accelerator.empty() ? parts_.oracles[i].oracle.description() : accelerator;
    };
    std::vector<NamedElasticities> all = {{name(target_.index), result.elasticities[0].of}};
    const auto add = [&](const std::string& called, const LatencyOracle& oracle) {
      all.push_back({called, elasticities(base_, [&](const Architecture& a) {
                       return oracle.estimate_architecture(a).ms;
                     })});
    };
    for (size_t i = 0; i < parts_.oracles.size(); ++i) {
      if (i != target_.index) add(name(i), parts_.oracles[i].oracle);
    }
    for (const std::string& named : hardware) add(named, *make_oracle(analytic(named, latency_)));
    all.push_back(result.elasticities[1]);
    result.elasticities = std::move(all);
  }

  const ExperimentConfig& config_;
  const Architecture& base_;
  const ScalingParts& parts_;
  ScalingTarget target_;
  LatencyConfig latency_;
  Limits limits_;
  ScalingTrials trials_;
};

}  // namespace

void price_member(FamilyMember& member, const std::vector<TargetOracle>& oracles, size_t main,
                  const std::vector<std::string>& hardware, const LatencyConfig& latency) {
  const CandidateNetwork network(member.architecture);
  const int bytes = bytes_per_element(latency.precision.value_or(Precision::kFp32));
  member.intensity = network.cost.operational_intensity(bytes, latency.batch);
  if (is_formula(latency.kind) && std::isfinite(member.latency_ms))
    member.intensity = oracles[main].oracle.estimate_architecture(member.architecture).intensity;
  for (size_t i = 0; i < oracles.size(); ++i) {
    if (i == main) continue;
    const std::string& name = oracles[i].accelerator;
    member.elsewhere.push_back(
        {name.empty() ? "main" : name, latency_or_never(oracles[i].oracle, member.architecture)});
  }
  for (const std::string& named : hardware)
    member.elsewhere.push_back(
        {named, latency_or_never(*make_oracle(analytic(named, latency)), member.architecture)});
}

LacsResult run_lacs(const ExperimentConfig& config, const Architecture& base,
                    const ScalingParts& parts, const TrialObserver& observer) {
  return ScalingRun(config, base, parts, {}, observer).run();
}

std::vector<LacsResult> run_scaling(const ExperimentConfig& config, const Architecture& base,
                                    const ScalingParts& parts, const TrialObserver& observer) {
  if (!config.scaling.per_accelerator) return {run_lacs(config, base, parts, observer)};
  if (parts.oracles.size() < 2) {
    throw Error(ErrorKind::kConfig,
                "scaling.per_accelerator: there is one accelerator only; list others under "
                "accelerators, or set it to false");
  }
  std::vector<LacsResult> results;
  for (size_t i = 0; i < parts.oracles.size(); ++i)
    results.push_back(ScalingRun(config, base, parts, {i, true}, observer).run());
  return results;
}

int most_scaling_trials(const ExperimentConfig& config) {
  const LacsConfig& scaling = config.scaling;
  int grids = 1;
  for (double step = scaling.grid.coarse_step; step >= scaling.grid.fine_step;
       step /= kGridRefinement)
    ++grids;
  int most = scaling.score == TripleScore::kStar ? scaling.star_points + scaling.grid.max_candidates
                                                 : grids * scaling.grid.max_candidates;
  if (scaling.mode == ScalingMode::kGiven) most = 0;
  if (scaling.mode == ScalingMode::kDirect) most *= static_cast<int>(scaling.family.size());
  most += scaling.noise.noise_repeats;
  if (scaling.train_family) most += static_cast<int>(scaling.family.size());
  return scaling.per_accelerator ? most * static_cast<int>(config.targets().size()) : most;
}

}  // namespace ridgeline
