#pragma once

#include <array>
#include <utility>

#include "core/config.h"

namespace ridgeline {

enum class ControllerKind { kReinforce, kPpo, kEvolution, kRandom };
template <>
struct EnumNames<ControllerKind> {
  static constexpr std::array<std::pair<ControllerKind, const char*>, 4> values{
      {{ControllerKind::kReinforce, "reinforce"},
       {ControllerKind::kPpo, "ppo"},
       {ControllerKind::kEvolution, "evolution"},
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

struct ControllerConfig {
  ControllerKind kind = ControllerKind::kReinforce;
  PolicyKind policy = PolicyKind::kLstm;
  int hidden = 100;
  int layers = 1;
  int embedding = 100;
  double learning_rate = 0.0035;
  double entropy_weight = 0.01;
  AdvantageKind advantage = AdvantageKind::kDifference;
  double baseline_decay = 0.95;
  int replay_best = 0;
  double replay_weight = 1.0;
  double gradient_clip = 1.0;
  double temperature = 1.0;
  double tanh_constant = 0.0;
  double init_range = 0.1;
  double ppo_clip = 0.2;
  int ppo_epochs = 4;
  int ppo_minibatch = 20;
  int population = 100;
  int tournament = 10;
  int redraws = 0;

  template <class V>
  void describe(V& v) {
    v.field(
        "kind", kind,
        {.help = "reinforce: LSTM policy; random: the baseline every search is judged against"});
    v.field("policy", policy, {.help = ""});
    v.field("hidden", hidden, {.help = "LSTM units (NASNet: 100)", .min = 1, .max = 4096});
    v.field("layers", layers, {.help = "LSTM layers (NASNet: 1)", .min = 1, .max = 8});
    v.field("embedding", embedding,
            {.help = "size of the embedding of the previous choice", .min = 1, .max = 4096});
    v.field("learning_rate", learning_rate,
            {.help = "Adam's step size (ENAS: 0.0035)", .min = 1e-9, .max = 1.0});
    v.field("entropy_weight", entropy_weight,
            {.help = "weight of the entropy bonus; too small a weight lets the policy settle on "
                     "one network early (ENAS: 1e-4)",
             .min = 0.0,
             .max = 10.0});
    v.field("advantage", advantage, {.help = ""});
    v.field("baseline_decay", baseline_decay,
            {.help = "decay of the moving-average reward baseline (NASNet: 0.95)",
             .min = 0.0,
             .max = 0.9999999});
    v.field("replay_best", replay_best, {.help = "", .min = 0, .max = 10000});
    v.field("replay_weight", replay_weight, {.help = "", .min = 0, .max = 1000});
    v.field("gradient_clip", gradient_clip,
            {.help = "largest L2 norm of a gradient; 0: no clipping", .min = 0.0, .max = 1e9});
    v.field("temperature", temperature,
            {.help = "logits are divided by this", .min = 1e-3, .max = 1e3});
    v.field("tanh_constant", tanh_constant,
            {.help = "c: logits become c tanh(logit); 0: off (ENAS: 2.5)", .min = 0.0, .max = 1e3});
    v.field("init_range", init_range,
            {.help = "weights start uniform in +- this (NASNet: 0.1)", .min = 0.0, .max = 10.0});
    v.field("ppo_clip", ppo_clip, {.help = "", .min = 0.001, .max = 10});
    v.field("ppo_epochs", ppo_epochs, {.help = "", .min = 1, .max = 1000});
    v.field("ppo_minibatch", ppo_minibatch, {.help = "", .min = 1, .max = 100000});
    v.field("population", population, {.help = "", .min = 2, .max = 1000000});
    v.field("tournament", tournament, {.help = "", .min = 1, .max = 1000000});
    v.field("redraws", redraws, {.help = "", .min = 0, .max = 1000});
  }
};

}  // namespace ridgeline
