#pragma once

#include <string>

#include "core/config.h"

namespace ridgeline {

/// Which paths the shared weights learn from.
enum class PathSampling { kUniform, kAlternate };
template <>
struct EnumNames<PathSampling> {
  static constexpr std::array<std::pair<PathSampling, const char*>, 2> values{
      {{PathSampling::kUniform, "uniform"}, {PathSampling::kAlternate, "alternate"}}};
};

/// How the shared weights are trained.
struct SupernetConfig {
  int epochs = 200;
  int paths = 1;
  PathSampling sampling = PathSampling::kUniform;
  double warmup_share = 0.25;
  double policy_learning_rate = 0.005;
  std::string weights;

  template <class V>
  void describe(V& v) {
    v.field("epochs", epochs,
            {.help = "epochs of the training of the shared weights, once, before the search; each "
                     "step trains the paths of a few networks",
             .unit = "epochs",
             .min = 1,
             .max = 100000});
    v.field("paths", paths,
            {.help = "networks per step; their gradients are averaged; each choice of a decision "
                     "occurs about equally often among them",
             .min = 1,
             .max = 1024});
    v.field("sampling", sampling,
            {.help = "networks of a step. uniform: random ones; alternate: after a warm-up with "
                     "random ones, drawn from a policy that learns the reward on validation "
                     "batches, one step after each step of the weights (TuNAS, Bender et al. "
                     "2020)"});
    const UsedBy alternate = used_by("sampling", sampling, {PathSampling::kAlternate});
    v.field("warmup_share", warmup_share,
            {.help = "share of the training with random networks before the policy draws them "
                     "(TuNAS: 0.25)",
             .min = 0.0,
             .max = 1.0},
            alternate);
    v.field("policy_learning_rate", policy_learning_rate,
            {.help = "Adam's, of the policy's logits", .min = 1e-9, .max = 10.0}, alternate);
    v.field("weights", weights,
            {.help = "shared weights of an earlier run of the same space and data (its "
                     "supernet.pt); empty: this run trains its own"});
  }
};

}  // namespace ridgeline
