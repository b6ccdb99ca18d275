#pragma once

#include <array>
#include <optional>
#include <utility>

#include "core/config.h"

namespace ridgeline {

enum class ControllerKind { kReinforce, kPpo, kEvolution, kNsga2, kRandom };
template <>
struct EnumNames<ControllerKind> {
  static constexpr std::array<std::pair<ControllerKind, const char*>, 5> values{
      {{ControllerKind::kReinforce, "reinforce"},
       {ControllerKind::kPpo, "ppo"},
       {ControllerKind::kEvolution, "evolution"},
       {ControllerKind::kNsga2, "nsga2"},
       {ControllerKind::kRandom, "random"}}};
};

enum class PolicyKind { kLstm, kFactorised };
template <>
struct EnumNames<PolicyKind> {
  static constexpr std::array<std::pair<PolicyKind, const char*>, 2> values{
      {{PolicyKind::kLstm, "lstm"}, {PolicyKind::kFactorised, "factorised"}}};
};

enum class AdvantageKind { kDifference, kNormalised, kRank };
template <>
struct EnumNames<AdvantageKind> {
  static constexpr std::array<std::pair<AdvantageKind, const char*>, 3> values{
      {{AdvantageKind::kDifference, "difference"},
       {AdvantageKind::kNormalised, "normalised"},
       {AdvantageKind::kRank, "rank"}}};
};

/// How proposals are made and learned from. The defaults are one setting for all problems, chosen
/// by the ablations in docs/search.md.
struct ControllerConfig {
  ControllerKind kind = ControllerKind::kReinforce;
  PolicyKind policy = PolicyKind::kLstm;
  int hidden = 100;
  int layers = 1;
  int embedding = 100;
  double learning_rate = 0.007;
  double logit_learning_rate = 0.2;
  double entropy_weight = 0.1;
  AdvantageKind advantage = AdvantageKind::kRank;
  double baseline_decay = 0.95;
  int replay_best = 5;
  double replay_weight = 1.0;
  double local_share = 0.25;
  double local_changes = 1.0;
  int redraws = 20;
  std::optional<int> screening = {};
  double gradient_clip = 1.0;
  double temperature = 1.0;
  double tanh_constant = 0.0;
  double init_range = 0.1;
  double ppo_clip = 0.2;
  int ppo_epochs = 4;
  int ppo_minibatch = 20;
  int population = 20;
  int tournament = 10;
  double crossover = 0.9;
  double mutations = 1.0;

  template <class V>
  void describe(V& v) {
    v.field(
        "kind", kind,
        {.help =
             "reinforce: policy gradient (Williams 1992; MnasNet, NASNet); ppo: clipped, "
             "several epochs per batch (Schulman et al. 2017); evolution: regularised "
             "evolution (Real et al. 2019); nsga2: the front of accuracy and latency, "
             "whatever the reward (Deb et al. 2002); random: the baseline every search is judged "
             "against"});
    v.field("policy", policy,
            {.help = "reinforce, ppo: lstm: recurrent, sees earlier choices (NASNet); factorised: "
                     "one logit per choice (TuNAS), much cheaper"});
    describe_lstm(v);
    describe_learning(v);
    describe_proposals(v);
    describe_kinds(v);
  }

  template <class V>
  void describe_lstm(V& v) {
    v.field("hidden", hidden, {.help = "lstm: units (NASNet: 100)", .min = 1, .max = 4096});
    v.field("layers", layers, {.help = "lstm: layers (NASNet: 1)", .min = 1, .max = 8});
    v.field("embedding", embedding,
            {.help = "lstm: size of the embedding of the previous choice", .min = 1, .max = 4096});
    v.field(
        "init_range", init_range,
        {.help = "lstm: weights start uniform in +- this (NASNet: 0.1)", .min = 0.0, .max = 10.0});
  }

  template <class V>
  void describe_learning(V& v) {
    v.field("learning_rate", learning_rate,
            {.help = "lstm: Adam's step size (ENAS: 0.0035; measured: docs/search.md)",
             .min = 1e-9,
             .max = 1.0});
    v.field("logit_learning_rate", logit_learning_rate,
            {.help = "factorised: Adam's step size (measured: docs/search.md)",
             .min = 1e-9,
             .max = 10.0});
    v.field("advantage", advantage,
            {.help = "what a reward is worth: rank: the share of all rewards so far that are "
                     "lower, spread over -1 .. 1, so that no setting depends on the rewards' scale "
                     "(measured: docs/search.md); difference: reward less baseline (NASNet, "
                     "MnasNet); normalised: that over its moving standard deviation"});
    v.field("baseline_decay", baseline_decay,
            {.help = "difference, normalised: decay of the moving-average baseline (NASNet: 0.95)",
             .min = 0.0,
             .max = 0.9999999});
    v.field("entropy_weight", entropy_weight,
            {.help = "weight of the entropy bonus; too small a weight lets the policy settle on "
                     "one network early (NASNet: 1e-5, ENAS: 1e-4, both for differences; with "
                     "ranks measured: docs/search.md)",
             .min = 0.0,
             .max = 10.0});
    v.field("replay_best", replay_best,
            {.help = "so many of the best networks are learned again with every batch (priority "
                     "queue training, Abolafia et al. 2018: 10); 0: none",
             .min = 0,
             .max = 10000});
    v.field("replay_weight", replay_weight,
            {.help = "weight of their mean log-probability in the loss (measured: docs/search.md)",
             .min = 0.0,
             .max = 1000.0});
    v.field("gradient_clip", gradient_clip,
            {.help = "largest L2 norm of a gradient; 0: no clipping", .min = 0.0, .max = 1e9});
    v.field("temperature", temperature,
            {.help = "logits are divided by this (ENAS: 5)", .min = 1e-3, .max = 1e3});
    v.field("tanh_constant", tanh_constant,
            {.help = "c: logits become c tanh(logit); 0: off (ENAS: 2.5)", .min = 0.0, .max = 1e3});
  }

  template <class V>
  void describe_proposals(V& v) {
    v.field("local_share", local_share,
            {.help = "reinforce, ppo: share of the proposals that keep one of the replay_best "
                     "networks but for a few decisions, drawn from the policy (measured: "
                     "docs/search.md); 0: none",
             .min = 0.0,
             .max = 1.0});
    v.field("local_changes", local_changes,
            {.help = "decisions of such a proposal that are drawn again, on average, beside one "
                     "that always is (measured: docs/search.md)",
             .min = 0.0,
             .max = 1000.0});
    v.field("redraws", redraws,
            {.help = "a proposal that the controller knows the reward of is drawn again up to so "
                     "often, then mutated, which keeps a settled policy searching around what it "
                     "settled on (measured: docs/search.md); 0: as the policy draws",
             .min = 0,
             .max = 1000});
    v.field(
        "screening", screening,
        {.help = "reinforce, ppo, evolution: candidates per proposal, a quarter drawn, the others "
                 "mutations of the best networks; proposed are those of the largest expected "
                 "improvement by a Gaussian process fitted to the rewards so far (as in BANANAS, "
                 "White et al. 2021; measured: docs/search.md); 1: the draw itself; ~: 32, but 1 "
                 "where accuracy is a formula or redraws is 0",
         .min = 1,
         .max = 1000});
  }

  template <class V>
  void describe_kinds(V& v) {
    v.field("ppo_clip", ppo_clip,
            {.help = "ppo: a ratio may leave 1 by so much (Schulman et al. 2017: 0.2)",
             .min = 0.001,
             .max = 10.0});
    v.field("ppo_epochs", ppo_epochs,
            {.help = "ppo: passes over a batch (Schulman et al. 2017: 3 to 15)",
             .min = 1,
             .max = 1000});
    v.field("ppo_minibatch", ppo_minibatch,
            {.help = "ppo: samples per gradient step (NASNet: 20)", .min = 1, .max = 100000});
    v.field("population", population,
            {.help = "evolution, nsga2: so many of the last (nsga2: best) networks are alive (Real "
                     "et al. 2019: 100 for "
                     "20,000 networks; for 1,000 measured: docs/search.md)",
             .min = 2,
             .max = 1000000});
    v.field("tournament", tournament,
            {.help = "evolution: members that compete to be a parent (Real et al. 2019: 25 of 100; "
                     "paxml: 10)",
             .min = 1,
             .max = 1000000});
    v.field("crossover", crossover,
            {.help = "nsga2: share of the children that take each decision from either of two "
                     "parents (Deb et al. 2002: 0.9); the others have one parent",
             .min = 0.0,
             .max = 1.0});
    v.field("mutations", mutations,
            {.help = "nsga2: decisions of a child that change, on average (Deb et al. 2002: 1)",
             .min = 0.0,
             .max = 1000.0});
  }
};

}  // namespace ridgeline
