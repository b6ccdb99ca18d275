#pragma once

#include "experiments/paper/block_search.h"

namespace ridgeline::paper {

/// Every network of a small problem, best first: as many of the best as asked, and the ranks (from
/// 1) and rewards of chosen ones.
struct Sweep {
  int networks = 0;
  std::vector<Scored> best;
  struct Ranked {
    Scored scored;
    int rank = 0;
  };
  std::vector<Ranked> chosen;
  Scored best_with_space_to_depth;
  int rank_with_space_to_depth = 0;  ///< 0: no network of the problem has it
};
/// REQUIRES: at most some 100,000 networks.
Sweep sweep_all(const Problem& problem, const std::vector<Genotype>& chosen, int best);

}  // namespace ridgeline::paper
