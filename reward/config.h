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
    v.field("params", params,
            {.help = "largest number of trainable parameters, such as 5.3e6", .min = 1});
    v.field("madds", madds,
            {.help = "largest number of multiply-adds per image, such as 600e6", .min = 1});
    v.field("memory_mib", memory_mib,
            {.help = "largest memory for inference: weights plus the largest operator's "
                     "activations at latency.batch, in latency.precision (~: fp32)",
             .unit = "MiB",
             .min = 1e-6});
  }
};

/// What a latency target may be.
inline constexpr double kShortestTargetMs = 1e-6, kLongestTargetMs = 1e9;

struct RewardConfig {
  RewardKind kind = RewardKind::kMnasSoft;
  double target_ms = 0.005;  ///< of small networks: where it does not fit, the pre-flight says so
  double w = -0.09;
  std::optional<double> alpha = {};
  std::optional<double> beta = {};
  double hard_exponent = -1.0;
  RewardCombination combine = RewardCombination::kWorst;
  RewardLimits limits = {};

  template <class V>
  void describe(V& v) {
    using enum RewardKind;
    v.field("kind", kind,
            {.help = "mnas_soft: ACC x (LAT/T)^w; mnas_hard: ACC up to T, strongly reduced above; "
                     "tunas: ACC + beta |LAT/T - 1|, ends closest to T; weighted_sum: ACC + beta "
                     "LAT/T; constraint: ACC if T and all limits are met, negative otherwise "
                     "(such networks are not trained); soft, hard_constraint: earlier names of "
                     "mnas_soft, mnas_hard"});
    v.field("target_ms", target_ms,
            {.help = "latency target T; give your own: `ridgeline init` and the pre-flight print "
                     "the median "
                     "of your space",
             .unit = "ms",
             .min = kShortestTargetMs,
             .max = kLongestTargetMs});
    v.field("w", w,
            {.help = "exponent, negative; at -0.09, a doubling of latency must bring 6.4 % more "
                     "accuracy; `ridgeline reward calibrate` computes a value for you"},
            used_by("kind", kind, {kMnasSoft}));
    v.field("alpha", alpha,
            {.help = "exponent for latencies up to T; ~: w in mnas_soft, 0 in mnas_hard (MnasNet)"},
            used_by("kind", kind, {kMnasSoft, kMnasHard}));
    v.field("beta", beta,
            {.help = "exponent for latencies above T (~: w in mnas_soft, hard_exponent in "
                     "mnas_hard), or weight of the latency (~: -0.1, TuNAS)"},
            used_by("kind", kind, {kMnasSoft, kMnasHard, kTunas, kWeightedSum}));
    v.field("hard_exponent", hard_exponent,
            {.help = "exponent above T if beta is not set, negative (MnasNet: -1)"},
            used_by("kind", kind, {kMnasHard}));
    v.field("combine", combine,
            {.help = "with several accelerators. worst: the accelerator with the lowest reward "
                     "counts; product: the factors of all accelerators are multiplied (tunas, "
                     "weighted_sum: their terms are added)"},
            used_by("kind", kind, {kMnasSoft, kMnasHard, kTunas, kWeightedSum}));
    v.section("limits", limits,
              "a network over one of these limits is not trained and gets status infeasible; ~: no "
              "limit");
  }
};

}  // namespace ridgeline
