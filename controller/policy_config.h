#pragma once

#include "core/config.h"

namespace ridgeline {

enum class PolicyKind { kLstm, kFactorised };
template <>
struct EnumNames<PolicyKind> {
  static constexpr std::array<std::pair<PolicyKind, const char*>, 2> values{
      {{PolicyKind::kLstm, "lstm"}, {PolicyKind::kFactorised, "factorised"}}};
};

/// A recurrent policy: it sees earlier choices.
struct LstmConfig {
  int hidden = 100;
  int layers = 1;
  int embedding = 100;
  double init_range = 0.1;
  double learning_rate = 0.007;

  template <class V>
  void describe(V& v) {
    v.field("hidden", hidden,
            {.help = "number of hidden units (NASNet: 100)", .min = 1, .max = 4096});
    v.field("layers", layers, {.help = "number of layers (NASNet: 1)", .min = 1, .max = 8});
    v.field("embedding", embedding,
            {.help = "size of the embedding of the previous choice", .min = 1, .max = 4096});
    v.field("init_range", init_range,
            {.help = "initial weights are uniform in [-this, this] (NASNet: 0.1)",
             .min = 0.0,
             .max = 10.0});
    v.field("learning_rate", learning_rate,
            {.help = "learning rate of Adam (ENAS: 0.0035; chosen by measurement, see "
                     "docs/search.md)",
             .min = 1e-9,
             .max = 1.0});
  }
};

/// The distribution that proposals are drawn from.
struct PolicyConfig {
  PolicyKind kind = PolicyKind::kLstm;
  LstmConfig lstm = {};
  double logit_learning_rate = 0.2;
  double temperature = 1.0;
  double tanh_constant = 0.0;

  template <class V>
  void describe(V& v) {
    v.field("policy", kind,
            {.help = "lstm: recurrent, sees earlier choices (NASNet); factorised: one logit per "
                     "choice (TuNAS), much cheaper"});
    v.part(lstm, used_by("policy", kind, {PolicyKind::kLstm}));
    v.field("logit_learning_rate", logit_learning_rate,
            {.help = "learning rate of Adam (chosen by measurement, see docs/search.md)",
             .min = 1e-9,
             .max = 10.0},
            used_by("policy", kind, {PolicyKind::kFactorised}));
    v.field("temperature", temperature,
            {.help = "logits are divided by this (ENAS: 5)", .min = 1e-3, .max = 1e3});
    v.field("tanh_constant", tanh_constant,
            {.help = "if not 0, logits become c tanh(logit) with c this value; 0: off (ENAS: 2.5)",
             .min = 0.0,
             .max = 1e3});
  }
};

enum class AdvantageKind { kDifference, kNormalised, kRank };
template <>
struct EnumNames<AdvantageKind> {
  static constexpr std::array<std::pair<AdvantageKind, const char*>, 3> values{
      {{AdvantageKind::kDifference, "difference"},
       {AdvantageKind::kNormalised, "normalised"},
       {AdvantageKind::kRank, "rank"}}};
};

/// How a policy learns from rewards, and how it proposes.
struct PolicyGradientConfig {
  AdvantageKind advantage = AdvantageKind::kRank;
  double baseline_decay = 0.95;
  double entropy_weight = 0.1;
  int replay_best = 5;
  double replay_weight = 1.0;
  double gradient_clip = 1.0;
  double local_share = 0.25;
  double local_changes = 1.0;

  template <class V>
  void describe(V& v) {
    v.field("advantage", advantage,
            {.help = "how a reward becomes an advantage. rank: the share of all rewards so far "
                     "that are lower, scaled to -1 .. 1, so that no setting depends on the scale "
                     "of the rewards (see docs/search.md); difference: reward minus baseline "
                     "(NASNet, MnasNet); normalised: the difference over its moving standard "
                     "deviation"});
    v.field(
        "baseline_decay", baseline_decay,
        {.help = "decay of the moving-average baseline (NASNet: 0.95)",
         .min = 0.0,
         .max = 0.9999999},
        used_by("advantage", advantage, {AdvantageKind::kDifference, AdvantageKind::kNormalised}));
    v.field("entropy_weight", entropy_weight,
            {.help = "weight of the entropy bonus; if it is too small, the policy converges too "
                     "early (NASNet: 1e-5, ENAS: 1e-4, both with differences; the default for "
                     "ranks was chosen by measurement, see docs/search.md)",
             .min = 0.0,
             .max = 10.0});
    v.field("replay_best", replay_best,
            {.help = "number of best networks so far that are learned again with every batch "
                     "(priority queue training, Abolafia et al. 2018: 10); 0: none",
             .min = 0,
             .max = 10000});
    v.field("replay_weight", replay_weight,
            {.help = "weight of the replayed networks' mean log-probability in the loss (chosen "
                     "by measurement, see docs/search.md)",
             .min = 0.0,
             .max = 1000.0});
    v.field("gradient_clip", gradient_clip,
            {.help = "largest L2 norm of the gradient; 0: no clipping", .min = 0.0, .max = 1e9});
    v.field("local_share", local_share,
            {.help = "share of the proposals that change only a few decisions of one of the "
                     "replay_best networks; the policy draws the changed decisions; 0: none "
                     "(chosen by measurement, see docs/search.md)",
             .min = 0.0,
             .max = 1.0});
    v.field("local_changes", local_changes,
            {.help = "mean number of decisions that such a proposal redraws in addition to the "
                     "first (chosen by measurement, see docs/search.md)",
             .min = 0.0,
             .max = 1000.0});
  }
};

}  // namespace ridgeline
