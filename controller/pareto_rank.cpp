#include "controller/pareto_rank.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace ridgeline {
namespace {

/// Adds one objective's part to the distances of a front's `members`.
template <class Value>
void add_distances(std::vector<size_t> members, const Value& value, std::vector<double>& sums) {
  std::stable_sort(members.begin(), members.end(),
                   [&](size_t a, size_t b) { return value(a) < value(b); });
  const double range = value(members.back()) - value(members.front());
  sums[members.front()] = sums[members.back()] = std::numeric_limits<double>::infinity();
  if (range == 0) return;
  for (size_t i = 1; i + 1 < members.size(); ++i)
    sums[members[i]] += (value(members[i + 1]) - value(members[i - 1])) / range;
}

}  // namespace

bool dominates(const Objectives& a, const Objectives& b) {
  if (!a.complete) return false;
  if (!b.complete) return true;
  const bool no_worse = a.accuracy >= b.accuracy && a.latency_ms <= b.latency_ms;
  return no_worse && (a.accuracy > b.accuracy || a.latency_ms < b.latency_ms);
}

std::vector<int> pareto_ranks(std::span<const Objectives> points) {
  std::vector<std::vector<size_t>> dominated(points.size());
  std::vector<int> dominators(points.size(), 0);
  for (size_t a = 0; a < points.size(); ++a) {
    for (size_t b = 0; b < points.size(); ++b) {
      if (!dominates(points[a], points[b])) continue;
      dominated[a].push_back(b);
      ++dominators[b];
    }
  }
  std::vector<int> ranks(points.size(), 0);
  std::vector<size_t> front;
  for (size_t i = 0; i < points.size(); ++i) {
    if (dominators[i] == 0) front.push_back(i);
  }
  for (int rank = 0; !front.empty(); ++rank) {
    std::vector<size_t> next;
    for (const size_t a : front) {
      ranks[a] = rank;
      for (const size_t b : dominated[a]) {
        if (--dominators[b] == 0) next.push_back(b);
      }
    }
    front = std::move(next);
  }
  return ranks;
}

std::vector<double> crowding_distances(std::span<const Objectives> points,
                                       std::span<const int> ranks) {
  std::vector<double> sums(points.size(), 0.0);
  const int fronts = ranks.empty() ? 0 : *std::max_element(ranks.begin(), ranks.end()) + 1;
  for (int rank = 0; rank < fronts; ++rank) {
    std::vector<size_t> members;
    for (size_t i = 0; i < points.size(); ++i) {
      if (ranks[i] == rank && points[i].complete) members.push_back(i);
    }
    if (members.empty()) continue;
    add_distances(
        members, [&](size_t i) { return points[i].accuracy; }, sums);
    add_distances(
        members, [&](size_t i) { return points[i].latency_ms; }, sums);
  }
  return sums;
}

std::vector<size_t> crowded_order(std::span<const Objectives> points) {
  const std::vector<int> ranks = pareto_ranks(points);
  const std::vector<double> room = crowding_distances(points, ranks);
  std::vector<size_t> order(points.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return ranks[a] != ranks[b] ? ranks[a] < ranks[b] : room[a] > room[b];
  });
  return order;
}

}  // namespace ridgeline
