#include "experiments/paper/operator_sweep.h"

#include <algorithm>
#include <numeric>

#include "core/parallel.h"
#include "tables/space_points.h"

namespace ridgeline::paper {

Sweep sweep_all(const Problem& problem, const std::vector<Genotype>& chosen, int best) {
  std::vector<Genotype> points;
  for_each_point(problem.decisions, [&](const Genotype& genotype) { points.push_back(genotype); });
  std::vector<double> rewards(points.size());
  std::vector<char> space_to_depth(points.size());
  parallel_for(points.size(), [&](size_t i) {
    const Scored scored = problem.score(points[i]);
    rewards[i] = scored.reward;
    space_to_depth[i] = scored.architecture.stages[0].reshape == Reshape::kSpaceToDepth;
  });
  std::vector<size_t> order(points.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return rewards[a] > rewards[b]; });
  Sweep sweep{.networks = static_cast<int>(points.size()),
              .best = {},
              .chosen = {},
              .best_with_space_to_depth = {}};
  const auto count = std::min(static_cast<size_t>(best), order.size());
  for (size_t i = 0; i < count; ++i) sweep.best.push_back(problem.score(points[order[i]]));
  for (const Genotype& genotype : chosen) {
    const Scored scored = problem.score(genotype);
    const auto better = std::count_if(rewards.begin(), rewards.end(),
                                      [&](double reward) { return reward > scored.reward; });
    sweep.chosen.push_back({scored, static_cast<int>(better) + 1});
  }
  for (size_t rank = 0; rank < order.size(); ++rank) {
    if (!space_to_depth[order[rank]]) continue;
    sweep.best_with_space_to_depth = problem.score(points[order[rank]]);
    sweep.rank_with_space_to_depth = static_cast<int>(rank) + 1;
    break;
  }
  return sweep;
}

}  // namespace ridgeline::paper
