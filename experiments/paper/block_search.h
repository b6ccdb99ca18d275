#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "controller/config.h"
#include "experiments/paper/block_accuracy.h"
#include "latency/oracle.h"
#include "reward/reward.h"
#include "search_space/search_space.h"

namespace ridgeline::paper {

/// A network with what it is worth.
struct Scored {
  Genotype genotype;
  Architecture architecture;
  double accuracy = 0;  ///< fraction
  double latency_ms = 0;
  double reward = 0;
};

/// A problem for the search: decisions, and what a choice of them is worth. `score` is pure.
struct Problem {
  std::vector<Decision> decisions;
  std::function<Scored(const Genotype&)> score;
};

/// The blocks of `space` on one device, under ACC x (LAT / target)^-0.09. Borrows all of them.
Problem block_problem(const SearchSpace& space, const LatencyOracle& oracle,
                      const BlockAccuracy& accuracy, const Reward& reward);
/// mnas_soft at w = -0.09, the paper's; the target scales all rewards alike.
Reward paper_reward(double target_ms);

/// What a search found.
struct SearchOutcome {
  Scored best;
  int trials = 0;  ///< proposals, repeated ones included
};

/// One of the project's controllers, in a loop of batches of 16: draw, score, learn. The result
/// depends on configuration, seed and trials only.
struct SearchPlan {
  ControllerKind controller = ControllerKind::kReinforce;
  int trials = 2000;
  uint64_t seed = 1;
  bool parallel = true;  ///< score the networks of a batch on several threads
};
SearchOutcome search(const Problem& problem, const SearchPlan& plan);

/// A much larger reference without a controller: from each start, change one decision at a time to
/// the best choice, then every pair of decisions, until no change of one or two decisions is
/// better. `agreeing`: how many starts end at the best network.
struct Reference {
  Scored best;
  int evaluations = 0;  ///< different networks
  int starts = 0, agreeing = 0;
};
Reference reference_sweep(const Problem& problem, const std::vector<Genotype>& starts);
/// `count` uniform genotypes of the problem.
std::vector<Genotype> random_starts(const Problem& problem, int count);

}  // namespace ridgeline::paper
