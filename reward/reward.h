#pragma once

#include <array>
#include <string>
#include <utility>

#include "core/config.h"

namespace ridgeline {

/// soft: ACC x (LAT / T)^w (Section 5.1, w = -0.09).
/// hard_constraint: ACC where LAT <= T, else ACC x (LAT / T)^hard_exponent (MnasNet's alpha = 0,
/// beta = -1).
enum class RewardKind { kSoft, kHardConstraint };
template <>
struct EnumNames<RewardKind> {
  static constexpr std::array<std::pair<RewardKind, const char*>, 2> values{
      {{RewardKind::kSoft, "soft"}, {RewardKind::kHardConstraint, "hard_constraint"}}};
};

struct RewardConfig {
  RewardKind kind = RewardKind::kSoft;
  double target_ms = 10.0;
  double w = -0.09;
  double hard_exponent = -1.0;

  template <class V>
  void describe(V& v) {
    v.field(
        "kind", kind,
        {.help = "soft: ACC x (LAT/T)^w; hard_constraint: no bonus below T, steep penalty above"});
    v.field("target_ms", target_ms,
            {.help = "latency target T", .unit = "ms", .min = 1e-6, .max = 1e9});
    v.field("w", w,
            {.help = "exponent of the soft reward, negative: -0.09 asks 6.4 % accuracy per latency "
                     "doubling"});
    v.field("hard_exponent", hard_exponent,
            {.help = "exponent above T of hard_constraint, negative"});
  }
};

/// The multi-objective reward as a pure value: (accuracy, latency) -> double.
class Reward {
 public:
  /// Throws `kConfig`, its message beginning with `where`, for a positive exponent (with an
  /// explanation of the sign) or target <= 0. w = 0 leaves the latency out; a hard_exponent of 0 is
  /// refused.
  explicit Reward(const RewardConfig& config, const std::string& where = "reward");

  /// accuracy: fraction in [0, 1]; latency_ms > 0. Throws `kInternal` for NaN or values outside.
  double operator()(double accuracy, double latency_ms) const;
  const RewardConfig& config() const { return config_; }

 private:
  RewardConfig config_;
};

}  // namespace ridgeline
