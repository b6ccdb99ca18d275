#include "experiments/scoring.h"

#include <algorithm>
#include <cmath>

#include "core/units.h"
#include "experiments/candidate.h"
#include "experiments/early_stopping.h"

namespace ridgeline {
namespace {

/// A run that trains everything has no slowest trained network: failures count as this slow.
constexpr double kSlowness = 4;

double slowness(const ExperimentConfig& config) {
  const double ratio = config.search.max_latency_ratio;
  return ratio > 0 ? std::max(1.0, ratio) : kSlowness;
}

bool is_time(double ms) { return std::isfinite(ms) && ms > 0; }

}  // namespace

double least_memory_mib(const NetworkCost& cost, const LatencyConfig& latency) {
  int64_t largest = 0;
  for (const OperatorCost& node : cost.nodes)
    largest = std::max(largest, node.input_elements + node.output_elements);
  const double elements =
      static_cast<double>(cost.total.weight_elements + cost.total.buffer_elements) +
      static_cast<double>(latency.batch) * static_cast<double>(largest);
  return elements * bytes_per_element(latency.precision.value_or(Precision::kFp32)) / (1 << 20);
}

Reward reward_of(const ExperimentConfig& config) {
  std::vector<LatencyTarget> targets;
  for (const auto& target : config.targets()) targets.push_back({target.name, target.target_ms});
  targets.erase(targets.begin());  // stands in config.reward too
  return Reward(config.reward, "reward", targets);
}

// A constraint is graded by its excess; with any latency allowed, by that of the limits.
Limits::Limits(const ExperimentConfig& config)
    : latency_(config.latency),
      reward_({.kind = RewardKind::kConstraint,
               .target_ms = kLongestTargetMs,
               .limits = config.reward.limits}) {}

RewardCosts Limits::costs(const NetworkCost& cost) const {
  return {.latencies_ms = {kShortestTargetMs},
          .params = static_cast<double>(cost.total.params),
          .madds = static_cast<double>(cost.total.madds),
          .memory_mib = least_memory_mib(cost, latency_)};
}

Scoring::Scoring(const ExperimentConfig& config)
    : latency_(config.latency),
      reward_(reward_of(config)),
      max_ratio_(config.search.max_latency_ratio),
      failure_reward_(config.search.failure_reward.value_or(reward_.failure(slowness(config)))),
      stopped_(config.search.early_stopping.effect) {}

RewardCosts Scoring::costs(const Trial& trial) const {
  RewardCosts costs{.params = static_cast<double>(trial.params),
                    .madds = static_cast<double>(trial.madds)};
  for (const auto& latency : trial.latencies) costs.latencies_ms.push_back(latency.ms);
  if (costs.latencies_ms.size() == reward_.targets().size()) return costs;
  throw Error(ErrorKind::kInternal, "trial " + std::to_string(trial.id) + " has " +
                                        std::to_string(costs.latencies_ms.size()) +
                                        " latencies, the configuration has " +
                                        std::to_string(reward_.targets().size()) + " targets");
}

std::string Scoring::unusable_latency(const Trial& trial) const {
  for (const auto& [accelerator, ms] : trial.latencies) {
    if (is_time(ms)) continue;
    return "latency " + ConfigWriter::plain_number(ms) + " ms" + on_accelerator(accelerator) +
           " is not a positive, finite time";
  }
  return {};
}

std::string Scoring::too_slow(const Trial& trial) const {
  if (max_ratio_ <= 0) return {};
  for (size_t i = 0; i < trial.latencies.size(); ++i) {
    const auto& [accelerator, ms] = trial.latencies[i];
    const double limit = max_ratio_ * reward_.targets()[i].ms;
    if (ms > limit)
      return "latency " + format_ms(ms) + on_accelerator(accelerator) + " is over " +
             format_ms(limit);
  }
  return {};
}

void Scoring::judge(Trial& trial, const NetworkCost& cost) const {
  trial.reward = failure_reward_;
  if (const std::string unusable = unusable_latency(trial); !unusable.empty()) {
    trial.status = TrialStatus::kCrashed;
    trial.cause = unusable + ": not trained";
    trial.latencies.resize(1);
    if (!is_time(trial.latency_ms())) trial.latencies.clear();
    return;
  }
  RewardCosts costs = this->costs(trial);
  costs.memory_mib = least_memory_mib(cost, latency_);
  const auto exclusion = reward_.exclusion(costs);
  const std::string cause = exclusion ? *exclusion : too_slow(trial);
  if (cause.empty()) return;
  trial.status = TrialStatus::kInfeasible;
  trial.cause = cause + ": not trained";
  // By how much, not only that: this is all that a constrained search has to climb by at first.
  if (exclusion && reward_.config().kind == RewardKind::kConstraint)
    trial.reward = reward_(0, costs);
}

void Scoring::score(Trial& trial, const Evaluation& evaluation) const {
  trial.status = evaluation.status;
  trial.accuracy = evaluation.accuracy;
  trial.loss = evaluation.loss;
  trial.seconds = evaluation.seconds;
  trial.cause = evaluation.message;
  const bool stopped = trial.status == TrialStatus::kStopped;
  trial.stopped_at_epoch = stopped ? last_epoch(evaluation) : 0;
  const bool counts =
      has_accuracy(trial.status) && !(stopped && stopped_ == StoppedEffect::kPenalise);
  trial.reward = counts ? reward(trial) : failure_reward_;
}

double Scoring::reward(const Trial& trial) const { return reward_(trial.accuracy, costs(trial)); }

std::optional<std::string> Scoring::exclusion(const Trial& trial) const {
  RewardCosts costs = this->costs(trial);
  if (reward_.config().limits.memory_mib) {
    costs.memory_mib = least_memory_mib(CandidateNetwork(trial.architecture).cost, latency_);
  }
  return reward_.exclusion(costs);
}

void check_failure_reward(const ExperimentConfig& config, const std::string& where) {
  const RewardKind kind = config.reward.kind;
  if (!config.search.failure_reward || kind == RewardKind::kMnasSoft ||
      kind == RewardKind::kMnasHard) {
    return;
  }
  const double most = reward_of(config).failure(slowness(config));
  if (*config.search.failure_reward <= most) return;
  throw Error(ErrorKind::kConfig,
              where + ": with reward.kind " + enum_name(kind) + " it must be at most " +
                  ConfigWriter::plain_number(most) +
                  ", or a failed trial would be worth more than a slow one; leave it out; got " +
                  ConfigWriter::plain_number(*config.search.failure_reward));
}

}  // namespace ridgeline
