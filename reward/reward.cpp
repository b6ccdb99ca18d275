#include "reward/reward.h"

#include <cmath>

#include "core/error.h"

namespace ridgeline {
namespace {

[[noreturn]] void refuse(const std::string& where, const std::string& why, double value) {
  throw Error(ErrorKind::kConfig,
              where + ": " + why + "; got " + ConfigWriter::plain_number(value));
}

}  // namespace

Reward::Reward(const RewardConfig& config, const std::string& where) : config_(config) {
  if (!std::isfinite(config.target_ms) || config.target_ms <= 0) {
    refuse(where, "target_ms must be a positive latency in milliseconds", config.target_ms);
  }
  if (!std::isfinite(config.w) || config.w > 0) {
    refuse(where,
           "w must be negative: (LAT/T)^w with w > 0 would reward slowness; the paper uses -0.09",
           config.w);
  }
  if (!std::isfinite(config.hard_exponent) || config.hard_exponent >= 0) {
    refuse(where,
           "hard_exponent must be negative: (LAT/T)^hard_exponent is the penalty above the target, "
           "and only a negative exponent makes it one; MnasNet uses -1",
           config.hard_exponent);
  }
}

double Reward::operator()(double accuracy, double latency_ms) const {
  if (!(accuracy >= 0 && accuracy <= 1)) {
    throw Error(ErrorKind::kInternal, "reward: accuracy " + ConfigWriter::plain_number(accuracy) +
                                          " is not a fraction in [0, 1]");
  }
  if (!std::isfinite(latency_ms) || latency_ms <= 0) {
    throw Error(ErrorKind::kInternal, "reward: latency " + ConfigWriter::plain_number(latency_ms) +
                                          " ms is not a positive, finite time");
  }
  const double ratio = latency_ms / config_.target_ms;
  if (config_.kind == RewardKind::kSoft) return accuracy * std::pow(ratio, config_.w);
  return ratio <= 1.0 ? accuracy : accuracy * std::pow(ratio, config_.hard_exponent);
}

}  // namespace ridgeline
