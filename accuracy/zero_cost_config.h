#pragma once

#include "core/config.h"

namespace ridgeline {

/// Scores of a network that is not trained (accuracy/zero_cost/scores.h).
enum class ZeroCostScore { kSynflow, kNaswot, kGradNorm, kZen, kMadds, kParams };
template <>
struct EnumNames<ZeroCostScore> {
  static constexpr std::array<std::pair<ZeroCostScore, const char*>, 6> values{
      {{ZeroCostScore::kSynflow, "synflow"},
       {ZeroCostScore::kNaswot, "naswot"},
       {ZeroCostScore::kGradNorm, "grad_norm"},
       {ZeroCostScore::kZen, "zen"},
       {ZeroCostScore::kMadds, "madds"},
       {ZeroCostScore::kParams, "params"}}};
};

struct ZeroCostConfig {
  ZeroCostScore score = ZeroCostScore::kSynflow;
  int batch = 64;
  int reference = 100;

  template <class V>
  void describe(V& v) {
    v.field("score", score,
            {.help = "synflow (Tanaka et al. 2020), naswot (Mellor et al. 2021), grad_norm "
                     "(Abdelfattah et al. 2021), zen (Lin et al. 2021), madds, params"});
    v.field("batch", batch,
            {.help = "training images that naswot and grad_norm look at; random images of zen",
             .unit = "images",
             .min = 2,
             .max = 4096});
    v.field("reference", reference,
            {.help = "random networks of the space that set the scale: their median score counts "
                     "as 0.5",
             .min = 10,
             .max = 10000});
  }
};

/// A choice among the proposals of a search before any of them is trained.
struct FilterConfig {
  std::optional<ZeroCostScore> score = {};
  double keep = 0.5;
  int batch = 64;

  template <class V>
  void describe(V& v) {
    v.field("score", score,
            {.help = "of several proposals, train only those with the best score, one of "
                     "accuracy.zero_cost.score; ~: train every proposal"});
    v.field("keep", keep,
            {.help = "share of the proposals that is trained: 0.5 draws twice as many",
             .min = 0.01,
             .max = 1.0});
    v.field("batch", batch,
            {.help = "images that the score looks at, as accuracy.zero_cost.batch",
             .unit = "images",
             .min = 2,
             .max = 4096});
  }
};

}  // namespace ridgeline
