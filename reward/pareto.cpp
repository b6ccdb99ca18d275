#include "reward/pareto.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <tuple>

#include "core/error.h"

namespace ridgeline {

std::vector<size_t> pareto_front(std::span<const ParetoPoint> points) {
  for (size_t i = 0; i < points.size(); ++i) {
    if (!std::isfinite(points[i].accuracy) || !std::isfinite(points[i].latency_ms)) {
      throw Error(ErrorKind::kInternal, "Pareto front: point " + std::to_string(i) +
                                            " is not finite (accuracy " +
                                            std::to_string(points[i].accuracy) + ", latency " +
                                            std::to_string(points[i].latency_ms) + " ms)");
    }
  }
  std::vector<size_t> order(points.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return std::tuple(points[a].latency_ms, -points[a].accuracy, a) <
           std::tuple(points[b].latency_ms, -points[b].accuracy, b);
  });
  // In this order every point that could dominate comes before, so the best accuracy so far
  // decides.
  std::vector<size_t> front;
  for (const size_t i : order) {
    if (front.empty() || points[i].accuracy > points[front.back()].accuracy) front.push_back(i);
  }
  return front;
}

}  // namespace ridgeline
