#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace ridgeline {

struct ParetoPoint {
  double accuracy = 0;    ///< more is better
  double latency_ms = 0;  ///< less is better
};

/// Indices of the points that no other point dominates, by rising latency. A point dominates
/// another when it is at least as good in both measures and better in one. Points equal in both do
/// not dominate each other: the front holds the one with the lowest index. So latency and accuracy
/// both rise strictly along the front. Throws `kInternal` naming the index of a point that is not
/// finite.
std::vector<size_t> pareto_front(std::span<const ParetoPoint> points);

}  // namespace ridgeline
