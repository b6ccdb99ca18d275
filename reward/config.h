#pragma once

#include <array>
#include <optional>
#include <utility>

#include "core/config.h"

namespace ridgeline {

/// The forms of the reward; `Reward` gives their equations. `soft` and `hard_constraint` are the
/// earlier names of the MnasNet forms.
enum class RewardKind { kMnasSoft, kMnasHard, kTunas, kWeightedSum, kConstraint };
template <>
struct EnumNames<RewardKind> {
  static constexpr std::array<std::pair<RewardKind, const char*>, 7> values{
      {{RewardKind::kMnasSoft, "mnas_soft"},
       {RewardKind::kMnasHard, "mnas_hard"},
       {RewardKind::kTunas, "tunas"},
       {RewardKind::kWeightedSum, "weighted_sum"},
       {RewardKind::kConstraint, "constraint"},
       {RewardKind::kMnasSoft, "soft"},
       {RewardKind::kMnasHard, "hard_constraint"}}};
};

/// How the latencies on several accelerators become one figure.
enum class RewardCombination { kWorst, kProduct };
template <>
struct EnumNames<RewardCombination> {
  static constexpr std::array<std::pair<RewardCombination, const char*>, 2> values{
      {{RewardCombination::kWorst, "worst"}, {RewardCombination::kProduct, "product"}}};
};

/// Upper limits besides the latency; left out: no limit.
struct RewardLimits {
  std::optional<double> params = {};
  std::optional<double> madds = {};
  std::optional<double> memory_mib = {};

  template <class V>
  void describe(V& v) {
    v.field("params", params, {.help = "trainable parameters, such as 5.3e6", .min = 1});
    v.field("madds", madds, {.help = "multiply-adds of one image, such as 600e6", .min = 1});
    v.field("memory_mib", memory_mib,
            {.help = "weights and the largest operator's activations at latency.batch, in "
                     "latency.precision (~: fp32): the least that an inference needs",
             .unit = "MiB",
             .min = 1e-6});
  }
};

/// What a latency target may be.
inline constexpr double kShortestTargetMs = 1e-6, kLongestTargetMs = 1e9;

struct RewardConfig {
  RewardKind kind = RewardKind::kMnasSoft;
  double target_ms = 10.0;
  double w = -0.09;
  std::optional<double> alpha = {};
  std::optional<double> beta = {};
  double hard_exponent = -1.0;
  RewardCombination combine = RewardCombination::kWorst;
  RewardLimits limits = {};

  template <class V>
  void describe(V& v) {
    v.field("kind", kind,
            {.help = "mnas_soft: ACC x (LAT/T)^w; mnas_hard: ACC up to T, a steep factor above; "
                     "tunas: ACC + beta |LAT/T - 1|, which ends nearest to T; weighted_sum: ACC + "
                     "beta LAT/T; constraint: ACC within T and the limits, below 0 and not trained "
                     "outside; soft and hard_constraint: earlier names of the mnas ones"});
    v.field("target_ms", target_ms,
            {.help = "latency target T",
             .unit = "ms",
             .min = kShortestTargetMs,
             .max = kLongestTargetMs});
    v.field("w", w,
            {.help = "exponent of mnas_soft, negative: -0.09 asks 6.4 % accuracy per latency "
                     "doubling; `ridgeline reward calibrate` derives yours"});
    v.field("alpha", alpha,
            {.help = "exponent below T; ~: w in mnas_soft, 0 in mnas_hard (MnasNet)"});
    v.field("beta", beta,
            {.help = "exponent above T; ~: w in mnas_soft, hard_exponent in mnas_hard; weight of "
                     "the latency in tunas and weighted_sum; ~: -0.1 (TuNAS)"});
    v.field("hard_exponent", hard_exponent,
            {.help = "exponent above T of mnas_hard, negative (MnasNet: -1)"});
    v.field("combine", combine,
            {.help = "with `accelerators`: worst: the accelerator with the lowest reward counts; "
                     "product: every accelerator's factor (tunas, weighted_sum: term) counts"});
    v.section("limits", limits,
              "a network over one of these is not trained: status infeasible; ~: no limit");
  }
};

}  // namespace ridgeline
