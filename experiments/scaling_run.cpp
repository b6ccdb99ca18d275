#include "experiments/scaling_run.h"

#include <map>
#include <set>

#include "core/interrupt.h"

namespace ridgeline {
namespace {

/// Evaluates candidates as trials of the run. A candidate's id is its place in the order of all
/// candidates, so that a resumed run trains each with the same random streams.
class CandidateTrials {
 public:
  /// `scaled`: the run's configuration with the targets of the scaled networks.
  CandidateTrials(const ExperimentConfig& scaled, const ScalingParts& parts,
                  const TrialObserver& observer)
      : config_(scaled),
        scoring_(scaled),
        parts_(parts),
        observer_(observer),
        recorded_(parts.store.trials(Phase::kScaling)) {
    next_id_ = kFirstScalingId + recorded_.size();
  }

  void evaluate(std::vector<LacsCandidate>& candidates) {
    std::vector<Trial> trials;
    for (const auto& candidate : candidates) trials.push_back(start(candidate));
    for (size_t i = 0; i < candidates.size(); ++i) {
      finish(trials[i]);
      candidates[i].failed = trials[i].status != TrialStatus::kComplete;
      candidates[i].accuracy = trials[i].accuracy;
      if (!candidates[i].failed) candidates[i].reward = scoring_.reward(trials[i]);
    }
  }

 private:
  Trial start(const LacsCandidate& scaled) {
    for (const auto& recorded : recorded_) {
      if (recorded.architecture == scaled.architecture) return recorded;
    }
    Trial trial;
    trial.id = next_id_++;
    trial.phase = Phase::kScaling;
    trial.batch = scaled.fine ? 1 : 0;
    trial.architecture = scaled.architecture;
    trial.latencies = {{parts_.oracles[0].accelerator, scaled.latency_ms}};
    const CandidateNetwork candidate(scaled.architecture);
    trial.params = candidate.cost.total.params;
    trial.madds = candidate.cost.total.madds;
    trial.coefficients = scaled.coefficients;
    TrialSpec spec;
    spec.architecture = candidate.architecture;
    spec.seed = config_.seed;
    spec.trial_id = trial.id;
    unrecorded_.insert(trial.id);
    price_elsewhere(trial, candidate);
    if (trial.status == TrialStatus::kPending) parts_.runner.submit(spec);
    return trial;
  }

  /// On the additional accelerators. A network that does not fit one of them is not trained.
  void price_elsewhere(Trial& trial, const CandidateNetwork& candidate) const {
    try {
      for (size_t i = 1; i < parts_.oracles.size(); ++i)
        trial.latencies.push_back(
            {parts_.oracles[i].accelerator, candidate.latency_ms(parts_.oracles[i].oracle)});
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::kInfeasible) throw;
      trial.status = TrialStatus::kInfeasible;
      trial.cause = error.what();
      trial.reward = scoring_.failure_reward();
    }
  }

  void finish(Trial& trial) {
    if (unrecorded_.erase(trial.id) > 0) {
      if (trial.status == TrialStatus::kPending) scoring_.score(trial, wait_for(trial.id));
      trial.finished_at = utc_now();
      parts_.store.append(trial);
    }
    if (observer_) observer_(trial);
  }

  Evaluation wait_for(uint64_t id) {
    while (!arrived_.contains(id)) {
      auto result = parts_.runner.next();
      if (!result)
        throw Error(ErrorKind::kInterrupted, "stopped during the search of scaling coefficients");
      arrived_.emplace(result->id, std::move(result->evaluation));
    }
    return arrived_.at(id);
  }

  const ExperimentConfig& config_;
  Scoring scoring_;
  ScalingParts parts_;
  const TrialObserver& observer_;
  std::vector<Trial> recorded_;
  std::set<uint64_t> unrecorded_;
  std::map<uint64_t, Evaluation> arrived_;
  uint64_t next_id_ = kFirstScalingId;
};

ExperimentConfig at_scaled_targets(ExperimentConfig config, const Architecture& base,
                                   const ScalingParts& parts) {
  const CandidateNetwork candidate(base);
  auto targets = config.targets();
  for (size_t i = 0; i < targets.size(); ++i)
    targets[i].target_ms =
        config.scaling.latency_ratio * candidate.latency_ms(parts.oracles[i].oracle);
  config.set_targets(targets);
  config.reward.limits = {};  // the candidates were held to them
  return config;
}

}  // namespace

LacsResult run_lacs(const ExperimentConfig& config, const Architecture& base,
                    const ScalingParts& parts, const TrialObserver& observer) {
  LacsCallbacks callbacks;
  callbacks.latency_ms = [&](const Architecture& a) {
    stop_if_interrupted("during the search of scaling coefficients");
    return CandidateNetwork(a).latency_ms(parts.oracles[0].oracle);
  };
  // Not to the latency, also where the reward is a constraint: Equation 4 gives it its own target.
  const Limits limits(config);
  callbacks.over_limit = [&](const Architecture& a) {
    return limits.exclusion(CandidateNetwork(a).cost);
  };
  const ExperimentConfig scaled = at_scaled_targets(config, base, parts);
  CandidateTrials trials(scaled, parts, observer);
  callbacks.evaluate = [&](std::vector<LacsCandidate>& candidates) { trials.evaluate(candidates); };
  LacsResult result = search_coefficients(base, config.scaling, callbacks);
  if (const auto best = parts.store.best(Phase::kSearch)) {
    Architecture searched = best->architecture;
    searched.name = base.name;
    for (auto& member : result.family) {
      if (member.architecture == searched) member.accuracy = best->accuracy;
    }
  }
  return result;
}

}  // namespace ridgeline
