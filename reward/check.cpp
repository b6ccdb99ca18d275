#include <cmath>

#include "core/error.h"
#include "reward/reward.h"

namespace ridgeline {
namespace {

using Where = std::function<std::string(const std::string& key)>;

[[noreturn]] void refuse(const Where& where, const std::string& key, const std::string& why,
                         double value) {
  throw Error(ErrorKind::kConfig,
              where(key) + ": " + key + " " + why + "; got " + ConfigWriter::plain_number(value));
}

bool is_mnas(RewardKind kind) {
  return kind == RewardKind::kMnasSoft || kind == RewardKind::kMnasHard;
}

void check_exponents(const RewardConfig& config, const Where& where) {
  if (!std::isfinite(config.w) || config.w > 0) {
    refuse(where, "w",
           "must be negative: (LAT/T)^w with w > 0 would reward slowness; the paper uses -0.09",
           config.w);
  }
  if (!std::isfinite(config.hard_exponent) || config.hard_exponent >= 0) {
    refuse(where, "hard_exponent",
           "must be negative: (LAT/T)^hard_exponent is the penalty above the target, and only a "
           "negative exponent makes it one; MnasNet uses -1",
           config.hard_exponent);
  }
  if (!config.alpha) return;
  if (!std::isfinite(*config.alpha) || *config.alpha > 0) {
    refuse(where, "alpha",
           "must be 0 or negative: (LAT/T)^alpha with alpha > 0 would reward slowness below the "
           "target",
           *config.alpha);
  }
}

void check_beta(const RewardConfig& config, const Where& where) {
  if (!config.beta) return;
  const double beta = *config.beta;
  const bool may_be_0 = config.kind == RewardKind::kMnasSoft;
  if (!std::isfinite(beta) || beta > 0 || (beta == 0 && !may_be_0)) {
    refuse(where, "beta",
           is_mnas(config.kind)
               ? "must be negative: (LAT/T)^beta with beta > 0 would reward slowness above the "
                 "target; MnasNet's hard form uses -1"
               : "must be negative: it weighs the latency against the accuracy, and a positive one "
                 "would reward slowness; TuNAS uses -0.1",
           beta);
  }
  if (config.kind == RewardKind::kMnasHard && config.hard_exponent != -1.0 &&
      config.hard_exponent != beta) {
    refuse(where, "beta",
           "contradicts hard_exponent, which is " +
               ConfigWriter::plain_number(config.hard_exponent) +
               ": both are the exponent above the target; leave one out",
           beta);
  }
}

}  // namespace

void check_reward(const RewardConfig& config, const Where& where) {
  if (!std::isfinite(config.target_ms) || config.target_ms <= 0) {
    refuse(where, "target_ms", "must be a positive latency in milliseconds", config.target_ms);
  }
  check_exponents(config, where);
  check_beta(config, where);
  const auto& limits = config.limits;
  for (const auto& [key, limit] :
       {std::pair("limits.params", limits.params), std::pair("limits.madds", limits.madds),
        std::pair("limits.memory_mib", limits.memory_mib)}) {
    if (limit && (!std::isfinite(*limit) || *limit <= 0))
      refuse(where, key, "must be a positive number, or left out for no limit", *limit);
  }
}

}  // namespace ridgeline
