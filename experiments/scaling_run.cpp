#include "experiments/scaling_run.h"

#include <map>
#include <set>

#include "experiments/store/facts.h"
#include "network/cost.h"

namespace ridgeline {
namespace {

/// A measured latency is recorded, so that a resumed run goes on with the same figures; a formula
/// gives them again.
double recorded_price(const LatencyOracle& oracle, LatencyKind kind, const std::string& accelerator,
                      TrialStore& store, const Architecture& architecture) {
  if (is_formula(kind)) return oracle.estimate_architecture(architecture).ms;
  const std::string key = latency_fact(hash_text(to_yaml(architecture)), accelerator);
  if (const auto recorded = store.fact(key)) return std::stod(*recorded);
  const double ms = oracle.estimate_architecture(architecture).ms;
  store.set_fact(key, ConfigWriter::plain_number(ms));
  return ms;
}

double price(const ExperimentConfig& config, const ScalingParts& parts,
             const Architecture& architecture) {
  return recorded_price(parts.oracle, config.latency.kind, "", parts.store, architecture);
}

std::vector<FurtherLatency> further_prices(const ExperimentConfig& config,
                                           const ScalingParts& parts,
                                           const Architecture& architecture) {
  std::vector<FurtherLatency> prices;
  for (size_t i = 0; i < parts.further.size(); ++i) {
    const auto& [accelerator, oracle] = parts.further[i];
    prices.push_back({accelerator, recorded_price(oracle, config.further().at(i).latency.kind,
                                                  accelerator, parts.store, architecture)});
  }
  return prices;
}

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
  Trial start(const LacsCandidate& candidate) {
    for (const auto& recorded : recorded_) {
      if (recorded.architecture == candidate.architecture) return recorded;
    }
    Trial trial;
    trial.id = next_id_++;
    trial.phase = Phase::kScaling;
    trial.batch = candidate.fine ? 1 : 0;
    trial.architecture = candidate.architecture;
    trial.latency_ms = candidate.latency_ms;
    const OperatorCost total = cost(lower(candidate.architecture)).total;
    trial.params = total.params;
    trial.madds = total.madds;
    trial.coefficients = candidate.coefficients;
    TrialSpec spec;
    spec.architecture = candidate.architecture;
    spec.seed = config_.seed;
    spec.trial_id = trial.id;
    unrecorded_.insert(trial.id);
    price_further(trial);
    if (trial.status == TrialStatus::kPending) parts_.runner.submit(spec);
    return trial;
  }

  /// A network that does not fit one of the further accelerators is not trained.
  void price_further(Trial& trial) const {
    try {
      trial.further = further_prices(config_, parts_, trial.architecture);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::kInfeasible) throw;
      trial.status = TrialStatus::kInfeasible;
      trial.cause = error.what();
      trial.reward = scoring_.failure_reward();
    }
  }

  void finish(Trial& trial) {
    if (unrecorded_.erase(trial.id) > 0) {
      if (trial.status == TrialStatus::kPending) scoring_.take(trial, wait_for(trial.id));
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

/// The limit that a network breaks. The latency is none here, also where the reward is a
/// constraint: Equation 4 holds scaled networks to a latency of their own.
std::optional<std::string> over_limit(const ExperimentConfig& config,
                                      const Architecture& architecture) {
  const NetworkCost account = cost(lower(architecture));
  RewardConfig limits_only;
  limits_only.limits = config.reward.limits;
  return Reward(limits_only)
      .exclusion({.latency_ms = 1,
                  .params = static_cast<double>(account.total.params),
                  .madds = static_cast<double>(account.total.madds),
                  .memory_mib = least_memory_mib(account, config.latency)});
}

ExperimentConfig at_scaled_targets(ExperimentConfig config, const Architecture& base,
                                   const ScalingParts& parts) {
  const double ratio = config.scaling.latency_ratio;
  config.reward.target_ms = ratio * price(config, parts, base);
  config.reward.limits = {};  // over_limit has held the candidates to them
  const std::vector<FurtherLatency> further = further_prices(config, parts, base);
  for (size_t i = 0; i < further.size(); ++i)
    config.accelerators->at(i).target_ms = ratio * further[i].ms;
  return config;
}

}  // namespace

LacsResult run_lacs(const ExperimentConfig& config, const Architecture& base,
                    const ScalingParts& parts, const TrialObserver& observer) {
  LacsCallbacks callbacks;
  callbacks.latency_ms = [&](const Architecture& a) { return price(config, parts, a); };
  callbacks.over_limit = [&](const Architecture& a) { return over_limit(config, a); };
  const ExperimentConfig scaled = at_scaled_targets(config, base, parts);
  CandidateTrials trials(scaled, parts, observer);
  callbacks.evaluate = [&](std::vector<LacsCandidate>& candidates) { trials.evaluate(candidates); };
  return search_coefficients(base, config.scaling, callbacks);
}

}  // namespace ridgeline
