#include "experiments/scoring.h"

#include <algorithm>
#include <cmath>

#include "core/units.h"

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

std::vector<FurtherTarget> further_targets(const ExperimentConfig& config) {
  std::vector<FurtherTarget> targets;
  for (const auto& accelerator : config.further())
    targets.push_back({accelerator.name, accelerator.target_ms});
  return targets;
}

Scoring::Scoring(const ExperimentConfig& config)
    : latency_(config.latency),
      further_(further_targets(config)),
      reward_(config.reward, "reward", further_),
      max_ratio_(config.search.max_latency_ratio),
      failure_reward_(config.search.failure_reward.value_or(reward_.failure(slowness(config)))) {}

RewardCosts Scoring::costs(const Trial& trial) const {
  RewardCosts costs{.latency_ms = trial.latency_ms,
                    .params = static_cast<double>(trial.params),
                    .madds = static_cast<double>(trial.madds)};
  for (const auto& latency : trial.further) costs.further_ms.push_back(latency.ms);
  if (costs.further_ms.size() == further_.size()) return costs;
  throw Error(ErrorKind::kInternal, "trial " + std::to_string(trial.id) + " has latencies on " +
                                        std::to_string(costs.further_ms.size()) +
                                        " further accelerators, the configuration has " +
                                        std::to_string(further_.size()));
}

std::string Scoring::unusable_latency(const Trial& trial) const {
  const auto cause = [](double ms, const std::string& where) {
    return "latency " + ConfigWriter::plain_number(ms) + " ms" + where +
           " is not a positive, finite time";
  };
  if (!is_time(trial.latency_ms)) return cause(trial.latency_ms, "");
  for (const auto& latency : trial.further) {
    if (!is_time(latency.ms)) return cause(latency.ms, " on " + latency.accelerator);
  }
  return {};
}

std::string Scoring::too_slow(const Trial& trial) const {
  if (max_ratio_ <= 0) return {};
  const double limit = max_ratio_ * reward_.config().target_ms;
  if (trial.latency_ms > limit)
    return "latency " + format_ms(trial.latency_ms) + " is over " + format_ms(limit);
  for (size_t i = 0; i < further_.size(); ++i) {
    const double further_limit = max_ratio_ * further_[i].ms;
    if (trial.further[i].ms > further_limit) {
      return "latency " + format_ms(trial.further[i].ms) + " on " + further_[i].accelerator +
             " is over " + format_ms(further_limit);
    }
  }
  return {};
}

void Scoring::judge(Trial& trial, const NetworkCost& cost) const {
  trial.reward = failure_reward_;
  if (const std::string unusable = unusable_latency(trial); !unusable.empty()) {
    trial.status = TrialStatus::kCrashed;
    trial.cause = unusable + ": not trained";
    if (!is_time(trial.latency_ms)) trial.latency_ms = 0;
    trial.further.clear();
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

void Scoring::take(Trial& trial, const Evaluation& evaluation) const {
  trial.status = evaluation.status;
  trial.accuracy = evaluation.accuracy;
  trial.loss = evaluation.loss;
  trial.seconds = evaluation.seconds;
  trial.cause = evaluation.message;
  trial.reward = trial.status == TrialStatus::kComplete ? reward(trial) : failure_reward_;
}

double Scoring::reward(const Trial& trial) const { return reward_(trial.accuracy, costs(trial)); }

std::optional<std::string> Scoring::exclusion(const Trial& trial) const {
  RewardCosts costs = this->costs(trial);
  if (reward_.config().limits.memory_mib) {
    costs.memory_mib = least_memory_mib(cost(lower(trial.architecture)), latency_);
  }
  return reward_.exclusion(costs);
}

void check_failure_reward(const ExperimentConfig& config, const std::string& where) {
  const RewardKind kind = config.reward.kind;
  if (!config.search.failure_reward || kind == RewardKind::kMnasSoft ||
      kind == RewardKind::kMnasHard) {
    return;
  }
  const double most =
      Reward(config.reward, "reward", further_targets(config)).failure(slowness(config));
  if (*config.search.failure_reward <= most) return;
  throw Error(ErrorKind::kConfig,
              where + ": with reward.kind " + enum_name(kind) + " it must be at most " +
                  ConfigWriter::plain_number(most) +
                  ", or a failed trial would be worth more than a slow one; leave it out; got " +
                  ConfigWriter::plain_number(*config.search.failure_reward));
}

}  // namespace ridgeline
