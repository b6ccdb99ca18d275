#pragma once

#include "experiments/config.h"
#include "experiments/store/trial.h"
#include "network/cost.h"

namespace ridgeline {

/// The least memory of an inference, MiB: weights, and the largest operator's inputs and outputs at
/// `latency.batch`, in `latency.precision` (fp32 where that is left out).
double least_memory_mib(const NetworkCost& cost, const LatencyConfig& latency);

/// The configuration's reward, with all of its latency targets.
Reward reward_of(const ExperimentConfig& config);

/// `reward.limits` alone, whatever the latency.
class Limits {
 public:
  explicit Limits(const ExperimentConfig& config);
  /// 0: within all of them; the more is exceeded, the lower, above -1.
  double margin(const NetworkCost& cost) const { return reward_(0, costs(cost)); }
  /// A limit that the network is over, in words.
  std::optional<std::string> exclusion(const NetworkCost& cost) const {
    return reward_.exclusion(costs(cost));
  }

 private:
  RewardCosts costs(const NetworkCost& cost) const;

  LatencyConfig latency_;
  Reward reward_;
};

/// What the trials of a run are worth: its reward, what rules a network out before it is trained,
/// and the reward of failures.
class Scoring {
 public:
  explicit Scoring(const ExperimentConfig& config);

  /// For a network that is priced, `trial` holding its figures: one whose latency is no time
  /// becomes `crashed`; one that the reward excludes, or that is slower than
  /// `search.max_latency_ratio` times a target, `infeasible`, with the cause and its reward.
  void judge(Trial& trial, const NetworkCost& cost) const;
  /// Takes over how the training ended, and its reward: of a stopped trial by
  /// `search.early_stopping.effect`.
  void score(Trial& trial, const Evaluation& evaluation) const;
  /// Of a complete trial, or of a stopped one's accuracy.
  double reward(const Trial& trial) const;
  /// Why the reward rules out a network that was trained under another one.
  std::optional<std::string> exclusion(const Trial& trial) const;
  const Reward& form() const { return reward_; }
  /// `search.failure_reward`, or what the reward makes of a failure.
  double failure_reward() const { return failure_reward_; }

 private:
  RewardCosts costs(const Trial& trial) const;
  std::string unusable_latency(const Trial& trial) const;
  std::string too_slow(const Trial& trial) const;

  LatencyConfig latency_;
  Reward reward_;
  double max_ratio_;
  double failure_reward_;
  StoppedEffect stopped_;
};

/// Throws `kConfig` where `search.failure_reward` is above what the reward makes of a failure: a
/// failed trial would be worth more than a trained one. `where`: of that key. The MnasNet forms,
/// which are never negative, take any.
void check_failure_reward(const ExperimentConfig& config, const std::string& where);

}  // namespace ridgeline
