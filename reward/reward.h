#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "reward/config.h"

namespace ridgeline {

/// The latency that is wanted on one accelerator. The main accelerator has no name.
struct LatencyTarget {
  std::string accelerator;
  double ms = 0;
};
/// " on tpu", for messages; nothing for the main accelerator.
std::string on_accelerator(const std::string& name);

/// What a network costs, as far as a reward looks at it.
struct RewardCosts {
  std::vector<double> latencies_ms = {};  ///< in the order of the targets
  double params = 0;
  double madds = 0;
  double memory_mib = 0;
};

/// The multi-objective reward as a pure value. With r = LAT/T:
///
/// * mnas_soft: ACC x r^w, or r^alpha where r <= 1 and r^beta above (MnasNet, Tan et al. 2019,
///   Equation 2; EfficientNet-X, Section 5.1: w = -0.09).
/// * mnas_hard: the same with alpha = 0 and beta = -1 (MnasNet, Figure 3).
/// * tunas: ACC + beta |r - 1|, beta < 0 (the absolute reward of TuNAS, Bender et al. 2020,
///   Section 4; its code: -0.1).
/// * weighted_sum: ACC + beta r, beta < 0 (linear scalarisation, as in ProxylessNAS, Cai et al.
///   2019, Section 3.3.2).
/// * constraint: ACC where r <= 1 and every limit holds, else -v / (1 + v), where v is the sum of
///   the relative excesses; so the worst feasible network is above the best infeasible one (the
///   rule of Deb 2000, "An efficient constraint handling method for genetic algorithms").
///
/// Several accelerators: `worst` takes the lowest factor or term, `product` the product of the
/// factors or the sum of the terms; a constraint adds up the excesses in either.
class Reward {
 public:
  /// Throws `kConfig`, its message beginning with `where`, for an exponent or weight that would
  /// reward slowness, or a target or limit that is not positive. w = 0 leaves the latency out of
  /// mnas_soft.
  /// `additional`: the targets besides `config.target_ms`.
  explicit Reward(const RewardConfig& config, const std::string& where = "reward",
                  const std::vector<LatencyTarget>& additional = {});

  /// accuracy: fraction in [0, 1]; latencies > 0. Throws `kInternal` for NaN or values outside.
  /// Limits matter to `constraint` only: what `exclusion` names is not to be trained at all.
  double operator()(double accuracy, const RewardCosts& costs) const;
  double operator()(double accuracy, double latency_ms) const;

  /// Why no accuracy makes this network acceptable: a limit that it breaks, in `constraint` its
  /// latency too: "6.10M parameters are over the limit of 5.00M".
  std::optional<std::string> exclusion(const RewardCosts& costs) const;
  /// What the controller receives for a network that failed: the reward of accuracy 0 at `slowness`
  /// times the target; in `constraint` the infimum -1.
  double failure(double slowness) const;
  /// Whether another target can change which of two networks is better. In mnas_soft with one
  /// exponent it cannot: (LAT/T)^w holds T^-w as a factor of every reward.
  bool targets_matter() const;
  /// With its figures, for logs and tables: "ACC x (LAT / 10 ms)^-0.09".
  std::string equation() const;
  const RewardConfig& config() const { return config_; }
  /// The main accelerator's first.
  const std::vector<LatencyTarget>& targets() const { return targets_; }

 private:
  double combined(const RewardCosts& costs) const;
  double share(double ratio) const;
  double excess(const RewardCosts& costs) const;
  bool multiplies() const;

  RewardConfig config_;
  double alpha_ = 0, beta_ = 0;
  std::vector<LatencyTarget> targets_;
};

/// What the constructor checks of `config`; `where` gives the place of a key for the message.
void check_reward(const RewardConfig& config,
                  const std::function<std::string(const std::string& key)>& where);

}  // namespace ridgeline
