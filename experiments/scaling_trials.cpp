#include "experiments/scaling_trials.h"

#include <cmath>
#include <limits>

#include "core/interrupt.h"

namespace ridgeline {

ScalingTrials::ScalingTrials(ExperimentConfig scaled, const ScalingParts& parts,
                             const ScalingTarget& target, const TrialObserver& observer)
    : config_(std::move(scaled)),
      scoring_(config_),
      parts_(parts),
      target_(target),
      observer_(observer),
      recorded_(parts.store.trials(Phase::kScaling)),
      next_id_(kFirstScalingId + recorded_.size()) {}

void ScalingTrials::evaluate(std::vector<LacsCandidate>& candidates) {
  std::vector<Trial> trials;
  for (const auto& candidate : candidates) trials.push_back(start(candidate));
  for (size_t i = 0; i < candidates.size(); ++i) {
    finish(trials[i]);
    candidates[i].failed = trials[i].status != TrialStatus::kComplete;
    candidates[i].accuracy = trials[i].accuracy;
    if (!candidates[i].failed) candidates[i].reward = reward(trials[i]);
  }
}

std::vector<double> ScalingTrials::repeat(const LacsCandidate& candidate, int times) {
  std::vector<Trial> trials;
  for (int i = 1; i <= times; ++i) trials.push_back(start(candidate, i));
  std::vector<double> accuracies;
  for (auto& trial : trials) {
    finish(trial);
    if (trial.status == TrialStatus::kComplete) accuracies.push_back(trial.accuracy);
  }
  return accuracies;
}

void ScalingTrials::fill_reward(LacsCandidate& candidate) const {
  const CandidateNetwork network(candidate.architecture);
  Trial trial;
  trial.params = network.cost.total.params;
  trial.madds = network.cost.total.madds;
  trial.accuracy = candidate.accuracy;
  price(trial, candidate.latency_ms, network);
  candidate.failed = trial.status != TrialStatus::kPending;
  if (!candidate.failed) candidate.reward = reward(trial);
}

double ScalingTrials::reward(const Trial& trial) const {
  return scoring_.reward(seen_by_reward(trial));
}

Trial ScalingTrials::seen_by_reward(Trial trial) const {
  if (target_.alone) trial.latencies = {{"", trial.latencies.at(target_.index).ms}};
  return trial;
}

void ScalingTrials::price(Trial& trial, double known_ms, const CandidateNetwork& candidate) const {
  for (size_t i = 0; i < parts_.oracles.size(); ++i) {
    double ms = known_ms;
    try {
      if (i != target_.index) ms = candidate.latency_ms(parts_.oracles[i].oracle);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::kInfeasible) throw;
      ms = std::numeric_limits<double>::infinity();
      if (!target_.alone) {
        trial.status = TrialStatus::kInfeasible;
        trial.cause = error.what();
        trial.reward = scoring_.failure_reward();
        return;
      }
    }
    trial.latencies.push_back({parts_.oracles[i].accelerator, ms});
  }
}

Trial ScalingTrials::start(const LacsCandidate& scaled, int occurrence) {
  int met = 0;
  for (const auto& recorded : recorded_) {
    if (recorded.architecture == scaled.architecture && met++ == occurrence) return recorded;
  }
  Trial trial;
  trial.id = next_id_++;
  trial.phase = Phase::kScaling;
  trial.batch = scaled.round;
  trial.architecture = scaled.architecture;
  const CandidateNetwork candidate(scaled.architecture);
  trial.params = candidate.cost.total.params;
  trial.madds = candidate.cost.total.madds;
  trial.coefficients = scaled.coefficients;
  unrecorded_.insert(trial.id);
  price(trial, scaled.latency_ms, candidate);
  if (trial.status == TrialStatus::kPending) {
    TrialSpec spec;
    spec.architecture = candidate.architecture;
    spec.seed = config_.seed;
    spec.trial_id = trial.id;
    spec.alone = true;  // a scaled network is of no space
    parts_.runner.submit(spec);
  }
  return trial;
}

void ScalingTrials::finish(Trial& trial) {
  if (unrecorded_.erase(trial.id) > 0) {
    if (trial.status == TrialStatus::kPending) {
      const auto latencies = trial.latencies;
      trial = seen_by_reward(std::move(trial));
      scoring_.score(trial, wait_for(trial.id));
      trial.latencies = latencies;
    }
    trial.finished_at = utc_now();
    parts_.store.append(trial);
    recorded_.push_back(trial);
  }
  if (observer_) observer_(trial);
}

Evaluation ScalingTrials::wait_for(uint64_t id) {
  while (!arrived_.contains(id)) {
    auto result = parts_.runner.next();
    if (!result)
      throw Error(ErrorKind::kInterrupted, "stopped during the search of scaling coefficients");
    arrived_.emplace(result->id, std::move(result->evaluation));
  }
  return arrived_.at(id);
}

}  // namespace ridgeline
