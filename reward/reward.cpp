#include "reward/reward.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/error.h"
#include "core/units.h"

namespace ridgeline {
namespace {

constexpr double kTunasBeta = -0.1;

/// By how much of the limit it is exceeded. The difference comes first: it is above 0 whenever
/// `value` is above `limit`, where the quotient may round to 1.
double relative_excess(double value, double limit) {
  return value > limit ? (value - limit) / limit : 0;
}

double relative_excess(double value, const std::optional<double>& limit) {
  return limit ? relative_excess(value, *limit) : 0;
}

void require_time(double latency_ms) {
  if (std::isfinite(latency_ms) && latency_ms > 0) return;
  throw Error(ErrorKind::kInternal, "reward: latency " + ConfigWriter::plain_number(latency_ms) +
                                        " ms is not a positive, finite time");
}

std::string over(const std::string& what, const std::string& limit) {
  return what + " over the limit of " + limit;
}

}  // namespace

std::string on_accelerator(const std::string& name) { return name.empty() ? "" : " on " + name; }

Reward::Reward(const RewardConfig& config, const std::string& where,
               const std::vector<LatencyTarget>& additional)
    : config_(config), targets_{{"", config.target_ms}} {
  check_reward(config, [&](const std::string&) { return where; });
  targets_.insert(targets_.end(), additional.begin(), additional.end());
  for (const LatencyTarget& target : additional) {
    if (std::isfinite(target.ms) && target.ms > 0) continue;
    throw Error(ErrorKind::kConfig, where + ": the target_ms of accelerator " + target.accelerator +
                                        " must be a positive latency in milliseconds");
  }
  switch (config.kind) {
    case RewardKind::kMnasSoft:
      alpha_ = config.alpha.value_or(config.w);
      beta_ = config.beta.value_or(config.w);
      break;
    case RewardKind::kMnasHard:
      alpha_ = config.alpha.value_or(0);
      beta_ = config.beta.value_or(config.hard_exponent);
      break;
    default:
      beta_ = config.beta.value_or(kTunasBeta);
  }
}

bool Reward::multiplies() const {
  return config_.kind == RewardKind::kMnasSoft || config_.kind == RewardKind::kMnasHard;
}

/// One accelerator's factor, or its term where the kind adds.
double Reward::share(double ratio) const {
  if (multiplies()) return std::pow(ratio, ratio <= 1 ? alpha_ : beta_);
  return beta_ * (config_.kind == RewardKind::kTunas ? std::abs(ratio - 1) : ratio);
}

double Reward::combined(const RewardCosts& costs) const {
  double result = share(costs.latencies_ms[0] / targets_[0].ms);
  for (size_t i = 1; i < targets_.size(); ++i) {
    const double other = share(costs.latencies_ms[i] / targets_[i].ms);
    if (config_.combine == RewardCombination::kWorst) {
      result = std::min(result, other);
    } else {
      result = multiplies() ? result * other : result + other;
    }
  }
  return result;
}

double Reward::excess(const RewardCosts& costs) const {
  double sum = 0;
  for (size_t i = 0; i < targets_.size(); ++i)
    sum += relative_excess(costs.latencies_ms[i], targets_[i].ms);
  const RewardLimits& limits = config_.limits;
  return sum + relative_excess(costs.params, limits.params) +
         relative_excess(costs.madds, limits.madds) +
         relative_excess(costs.memory_mib, limits.memory_mib);
}

double Reward::operator()(double accuracy, const RewardCosts& costs) const {
  if (!(accuracy >= 0 && accuracy <= 1)) {
    throw Error(ErrorKind::kInternal, "reward: accuracy " + ConfigWriter::plain_number(accuracy) +
                                          " is not a fraction in [0, 1]");
  }
  for (const double ms : costs.latencies_ms) require_time(ms);
  if (costs.latencies_ms.size() != targets_.size()) {
    throw Error(ErrorKind::kInternal, "reward: " + std::to_string(costs.latencies_ms.size()) +
                                          " latencies for " + std::to_string(targets_.size()) +
                                          " targets");
  }
  if (config_.kind == RewardKind::kConstraint) {
    const double violation = excess(costs);
    return violation > 0 ? -violation / (1 + violation) : accuracy;
  }
  return multiplies() ? accuracy * combined(costs) : accuracy + combined(costs);
}

double Reward::operator()(double accuracy, double latency_ms) const {
  return (*this)(accuracy, RewardCosts{.latencies_ms = {latency_ms}});
}

std::optional<std::string> Reward::exclusion(const RewardCosts& costs) const {
  const RewardLimits& limits = config_.limits;
  if (relative_excess(costs.params, limits.params) > 0)
    return over(format_count(costs.params) + " parameters are", format_count(*limits.params));
  if (relative_excess(costs.madds, limits.madds) > 0)
    return over(format_count(costs.madds) + " multiply-adds are", format_count(*limits.madds));
  if (relative_excess(costs.memory_mib, limits.memory_mib) > 0) {
    return over(format_fixed(costs.memory_mib, 2) + " MiB of memory are",
                format_fixed(*limits.memory_mib, 2) + " MiB");
  }
  if (config_.kind != RewardKind::kConstraint) return std::nullopt;
  for (size_t i = 0; i < targets_.size(); ++i) {
    const auto& [accelerator, target_ms] = targets_[i];
    if (costs.latencies_ms[i] > target_ms) {
      return "latency " + format_ms(costs.latencies_ms[i]) + on_accelerator(accelerator) +
             " is over the target of " + format_ms(target_ms);
    }
  }
  return std::nullopt;
}

double Reward::failure(double slowness) const {
  if (config_.kind == RewardKind::kConstraint) return -1;
  RewardCosts costs;
  for (const LatencyTarget& target : targets_) costs.latencies_ms.push_back(slowness * target.ms);
  return (*this)(0, costs);
}

bool Reward::targets_matter() const {
  const bool several = targets_.size() > 1 && config_.combine == RewardCombination::kWorst;
  return config_.kind == RewardKind::kConstraint || !multiplies() || alpha_ != beta_ ||
         (several && beta_ != 0);
}

std::string Reward::equation() const {
  const std::string target = format_ms(config_.target_ms);
  const std::string beta = ConfigWriter::plain_number(beta_);
  const std::string ratio = "(LAT / " + target + ")";
  std::string text;
  switch (config_.kind) {
    case RewardKind::kMnasSoft:
    case RewardKind::kMnasHard:
      text = "ACC x " + ratio + "^" + beta;
      if (alpha_ != beta_)
        text += " above the target, ^" + ConfigWriter::plain_number(alpha_) + " below";
      break;
    case RewardKind::kTunas:
      text = "ACC - " + ConfigWriter::plain_number(-beta_) + " x |LAT / " + target + " - 1|";
      break;
    case RewardKind::kWeightedSum:
      text = "ACC - " + ConfigWriter::plain_number(-beta_) + " x " + ratio;
      break;
    case RewardKind::kConstraint:
      text = "ACC where LAT <= " + target + ", else below 0";
      break;
  }
  for (size_t i = 1; i < targets_.size(); ++i) {
    text += i > 1 ? ", " : ", " + enum_name(config_.combine) + " of this and of ";
    text += targets_[i].accelerator + " at " + format_ms(targets_[i].ms);
  }
  return text;
}

}  // namespace ridgeline
