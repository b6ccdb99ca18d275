#pragma once

#include <optional>

#include "controller/policy_config.h"
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

struct PpoConfig {
  double clip = 0.2;
  int epochs = 4;
  int minibatch = 20;

  template <class V>
  void describe(V& v) {
    v.field("ppo_clip", clip,
            {.help = "the probability ratio is clipped to 1 +- this (Schulman et al. 2017: 0.2)",
             .min = 0.001,
             .max = 10.0});
    v.field(
        "ppo_epochs", epochs,
        {.help = "passes over each batch (Schulman et al. 2017: 3 to 15)", .min = 1, .max = 1000});
    v.field("ppo_minibatch", minibatch,
            {.help = "samples per gradient step (NASNet: 20)", .min = 1, .max = 100000});
  }
};

struct Nsga2Config {
  double crossover = 0.9;
  double mutations = 1.0;

  template <class V>
  void describe(V& v) {
    v.field("crossover", crossover,
            {.help = "share of children with two parents, which take each decision from either of "
                     "them (Deb et al. 2002: 0.9); the others have one parent",
             .min = 0.0,
             .max = 1.0});
    v.field("mutations", mutations,
            {.help = "mean number of mutated decisions per child (Deb et al. 2002: 1)",
             .min = 0.0,
             .max = 1000.0});
  }
};

/// How proposals are made and learned from. The defaults are one setting for all problems, chosen
/// by the ablations in docs/search.md.
struct ControllerConfig {
  ControllerKind kind = ControllerKind::kReinforce;
  PolicyConfig policy = {};
  PolicyGradientConfig gradient = {};
  PpoConfig ppo = {};
  int population = 20;
  int tournament = 10;
  Nsga2Config nsga2 = {};
  int redraws = 20;
  std::optional<int> screening = {};

  template <class V>
  void describe(V& v) {
    using enum ControllerKind;
    v.field("kind", kind,
            {.help = "reinforce: policy gradient (Williams 1992; MnasNet, NASNet); ppo: policy "
                     "gradient with a clipped objective, several epochs per batch (Schulman et al. "
                     "2017); evolution: regularised evolution (Real et al. 2019); nsga2: searches "
                     "the front of accuracy and latency, ignores the reward (Deb et al. 2002); "
                     "random: uniform choices, the baseline"});
    const UsedBy policy_kinds = used_by("kind", kind, {kReinforce, kPpo});
    v.part(policy, policy_kinds);
    v.part(gradient, policy_kinds);
    v.part(ppo, used_by("kind", kind, {kPpo}));
    v.field("population", population,
            {.help = "size of the population: the last so many networks (evolution) or the best "
                     "so many (nsga2) (Real et al. 2019: 100 for 20,000 networks; the default is "
                     "for 1,000 networks, see docs/search.md)",
             .min = 2,
             .max = 1000000},
            used_by("kind", kind, {kEvolution, kNsga2}));
    v.field("tournament", tournament,
            {.help = "number of members drawn, the best of which becomes the parent (Real et al. "
                     "2019: 25 of 100; paxml: 10)",
             .min = 1,
             .max = 1000000},
            used_by("kind", kind, {kEvolution}));
    v.part(nsga2, used_by("kind", kind, {kNsga2}));
    v.field("redraws", redraws,
            {.help = "number of times a proposal with a known reward is drawn again before it is "
                     "mutated; this makes a converged policy search around its optimum (chosen by "
                     "measurement, see docs/search.md); 0: never redraw",
             .min = 0,
             .max = 1000});
    v.field("screening", screening,
            {.help = "number of candidates per proposal: a quarter drawn, the others mutations of "
                     "the best networks; a Gaussian process fitted to the rewards selects those "
                     "with the largest expected improvement (as in BANANAS, White et al. 2021; see "
                     "docs/search.md); 1: no screening; ~: 32, or 1 if accuracy is a formula or "
                     "redraws is 0",
             .min = 1,
             .max = 1000},
            used_by("kind", kind, {kReinforce, kPpo, kEvolution}));
  }
};

}  // namespace ridgeline
