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

Scoring::Scoring(const ExperimentConfig& config)
    : latency_(config.latency),
      reward_(config.reward),
      max_ratio_(config.search.max_latency_ratio),
      failure_reward_(config.search.failure_reward.value_or(reward_.failure(slowness(config)))) {}

RewardCosts Scoring::costs(const Trial& trial) const {
  return {.latency_ms = trial.latency_ms,
          .params = static_cast<double>(trial.params),
          .madds = static_cast<double>(trial.madds)};
}

std::string Scoring::too_slow(const Trial& trial) const {
  const double limit = max_ratio_ * reward_.config().target_ms;
  if (limit <= 0 || trial.latency_ms <= limit) return {};
  return "latency " + format_ms(trial.latency_ms) + " is over " + format_ms(limit);
}

void Scoring::judge(Trial& trial, const NetworkCost& cost) const {
  trial.reward = failure_reward_;
  if (!is_time(trial.latency_ms)) {
    trial.status = TrialStatus::kCrashed;
    trial.message = "latency " + ConfigWriter::plain_number(trial.latency_ms) +
                    " ms is not a positive, finite time: not trained";
    trial.latency_ms = 0;
    return;
  }
  RewardCosts costs = this->costs(trial);
  costs.memory_mib = least_memory_mib(cost, latency_);
  const auto exclusion = reward_.exclusion(costs);
  const std::string cause = exclusion ? *exclusion : too_slow(trial);
  if (cause.empty()) return;
  trial.status = TrialStatus::kInfeasible;
  trial.message = cause + ": not trained";
  // By how much, not only that: this is all that a constrained search has to climb by at first.
  if (exclusion && reward_.config().kind == RewardKind::kConstraint)
    trial.reward = reward_(0, costs);
}

void Scoring::take(Trial& trial, const Evaluation& evaluation) const {
  trial.status = evaluation.status;
  trial.accuracy = evaluation.accuracy;
  trial.loss = evaluation.loss;
  trial.seconds = evaluation.seconds;
  trial.message = evaluation.message;
  const bool complete = trial.status == TrialStatus::kComplete;
  if (complete && !(trial.accuracy >= 0 && trial.accuracy <= 1)) {
    trial.status = TrialStatus::kDiverged;
    trial.message =
        "accuracy " + ConfigWriter::plain_number(trial.accuracy) + " is not a fraction in [0, 1]";
    trial.accuracy = 0;
  }
  trial.reward = trial.status == TrialStatus::kComplete ? reward(trial) : failure_reward_;
}

double Scoring::reward(const Trial& trial) const { return reward_(trial.accuracy, costs(trial)); }

std::optional<std::string> Scoring::exclusion(const Trial& trial) const {
  RewardCosts costs = this->costs(trial);
  if (reward_.config().limits.memory_mib) {
    const YamlView text = YamlView::parse(trial.architecture, "trial " + std::to_string(trial.id));
    costs.memory_mib = least_memory_mib(cost(lower(architecture_from_yaml(text))), latency_);
  }
  return reward_.exclusion(costs);
}

void check_failure_reward(const ExperimentConfig& config, const std::string& where) {
  const RewardKind kind = config.reward.kind;
  if (!config.search.failure_reward || kind == RewardKind::kMnasSoft ||
      kind == RewardKind::kMnasHard) {
    return;
  }
  const double most = Reward(config.reward).failure(slowness(config));
  if (*config.search.failure_reward <= most) return;
  throw Error(ErrorKind::kConfig,
              where + ": with reward.kind " + enum_name(kind) + " it must be at most " +
                  ConfigWriter::plain_number(most) +
                  ", or a failed trial would be worth more than a slow one; leave it out; got " +
                  ConfigWriter::plain_number(*config.search.failure_reward));
}

}  // namespace ridgeline
