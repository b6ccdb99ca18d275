#pragma once

#include <span>
#include <vector>

#include "controller/controller.h"

namespace ridgeline {

/// Whether `a` is at least as good as `b` in both objectives and better in one. What is complete
/// dominates what is not; of two that are not, neither does (Deb et al. 2002, Section VI, with
/// failure as the constraint).
bool dominates(const Objectives& a, const Objectives& b);

/// The front that each point stands in, from 0: those that only points of earlier fronts dominate
/// (the fast non-dominated sort of Deb et al. 2002, Section III-A).
std::vector<int> pareto_ranks(std::span<const Objectives> points);

/// How much room each point has in its front: the sum over both objectives of the distance between
/// its neighbours, as a share of the front's range; infinite at the ends (Section III-B). 0 for
/// points that are not complete.
std::vector<double> crowding_distances(std::span<const Objectives> points,
                                       std::span<const int> ranks);

/// Indices of `points`, best first: by rank, then the less crowded, then as they stand (Deb et
/// al.'s crowded comparison).
std::vector<size_t> crowded_order(std::span<const Objectives> points);

}  // namespace ridgeline
