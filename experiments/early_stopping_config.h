#pragma once

#include <algorithm>
#include <optional>

#include "core/config.h"

namespace ridgeline {

/// Which trials are stopped before their last epoch.
enum class EarlyStoppingKind { kNone, kAsha, kMedian };
template <>
struct EnumNames<EarlyStoppingKind> {
  static constexpr std::array<std::pair<EarlyStoppingKind, const char*>, 3> values{
      {{EarlyStoppingKind::kNone, "none"},
       {EarlyStoppingKind::kAsha, "asha"},
       {EarlyStoppingKind::kMedian, "median"}}};
};

/// What a stopped trial means to the controller.
enum class StoppedEffect { kPartial, kPenalise, kIgnore };
template <>
struct EnumNames<StoppedEffect> {
  static constexpr std::array<std::pair<StoppedEffect, const char*>, 3> values{
      {{StoppedEffect::kPartial, "partial"},
       {StoppedEffect::kPenalise, "penalise"},
       {StoppedEffect::kIgnore, "ignore"}}};
};

struct EarlyStoppingConfig {
  EarlyStoppingKind kind = EarlyStoppingKind::kNone;
  std::optional<int> min_epochs = {};
  int reduction = 3;
  int min_trials = 8;
  StoppedEffect effect = StoppedEffect::kPartial;

  int first_rung(int epochs) const { return min_epochs.value_or(std::max(1, epochs / 3)); }

  template <class V>
  void describe(V& v) {
    v.field(
        "kind", kind,
        {.help = "none: all trials train all epochs; asha: at each rung the best of `reduction` "
                 "trials goes on; median: at each rung a trial that is below the median of the "
                 "complete trials is stopped (docs/search.md)"});
    const UsedBy any =
        used_by("kind", kind, {EarlyStoppingKind::kAsha, EarlyStoppingKind::kMedian});
    v.field(
        "min_epochs", min_epochs,
        {.help = "epochs to the first rung; less than accuracy.training.epochs; ~: a third of them "
                 "(an earlier rung saves more and loses good networks, docs/search.md)",
         .unit = "epochs",
         .min = 1,
         .max = 100000},
        any);
    v.field("reduction", reduction,
            {.help = "each rung comes after this many times the epochs of the one before; asha: "
                     "one of so many trials goes on",
             .min = 2,
             .max = 1000},
            any);
    v.field(
        "min_trials", min_trials,
        {.help = "no trial is stopped before so many trials are complete", .min = 1, .max = 1e6},
        used_by("kind", kind, {EarlyStoppingKind::kMedian}));
    v.field("effect", effect,
            {.help = "what the controller receives of a stopped trial. partial: the reward of its "
                     "accuracy when it was stopped; penalise: search.failure_reward; ignore: "
                     "nothing, it is left out of the update"},
            any);
  }
};

}  // namespace ridgeline
