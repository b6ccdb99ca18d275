#include "reward/calibrate.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/config.h"
#include "core/error.h"

namespace ridgeline {
namespace {

TradeOff with_slope(double slope) {
  TradeOff result;
  result.w = -slope;
  result.gain = std::exp2(slope) - 1;
  return result;
}

void require_positive(const ParetoPoint& point) {
  for (const auto& [name, value] :
       {std::pair("accuracy", point.accuracy), std::pair("latency", point.latency_ms)}) {
    if (std::isfinite(value) && value > 0) continue;
    throw Error(ErrorKind::kUsage, std::string("reward calibrate: the ") + name +
                                       " of a point must be above 0; got " +
                                       ConfigWriter::plain_number(value));
  }
}

std::vector<ParetoPoint> usable_front(std::span<const ParetoPoint> points) {
  std::vector<ParetoPoint> usable;
  std::copy_if(points.begin(), points.end(), std::back_inserter(usable),
               [](const ParetoPoint& point) { return point.accuracy > 0 && point.latency_ms > 0; });
  std::vector<ParetoPoint> front;
  for (const size_t i : pareto_front(usable)) front.push_back(usable[i]);
  if (front.size() >= 2) return front;
  throw Error(ErrorKind::kInfeasible,
              "the Pareto front of " + std::to_string(points.size()) + " networks holds " +
                  std::to_string(front.size()) +
                  ": a trade-off needs two; search more networks, or give --gain or --points");
}

}  // namespace

TradeOff trade_off_from_gain(double gain) {
  if (!std::isfinite(gain) || gain <= 0) {
    throw Error(ErrorKind::kUsage,
                "reward calibrate: the gain must be above 0: where a slower network is no better, "
                "nothing pays for latency; got " +
                    ConfigWriter::plain_number(gain));
  }
  return with_slope(std::log2(1 + gain));
}

TradeOff trade_off_between(const ParetoPoint& a, const ParetoPoint& b) {
  require_positive(a);
  require_positive(b);
  const auto& [fast, slow] = a.latency_ms <= b.latency_ms ? std::pair(a, b) : std::pair(b, a);
  if (fast.latency_ms == slow.latency_ms || fast.accuracy >= slow.accuracy) {
    throw Error(ErrorKind::kUsage,
                "reward calibrate: of two points, the slower one must be the more accurate: else "
                "there is no trade-off, the other one is simply better");
  }
  TradeOff result = with_slope(std::log(slow.accuracy / fast.accuracy) /
                               std::log(slow.latency_ms / fast.latency_ms));
  result.points = 2;
  result.fastest_ms = fast.latency_ms;
  result.slowest_ms = slow.latency_ms;
  return result;
}

TradeOff trade_off_of_front(std::span<const ParetoPoint> points) {
  const std::vector<ParetoPoint> front = usable_front(points);
  const auto count = static_cast<double>(front.size());
  double mean_x = 0, mean_y = 0;
  for (const auto& point : front) {
    mean_x += std::log(point.latency_ms) / count;
    mean_y += std::log(point.accuracy) / count;
  }
  double xx = 0, xy = 0, yy = 0;
  for (const auto& point : front) {
    const double x = std::log(point.latency_ms) - mean_x;
    const double y = std::log(point.accuracy) - mean_y;
    xx += x * x;
    xy += x * y;
    yy += y * y;
  }
  TradeOff result = with_slope(xy / xx);
  result.points = front.size();
  result.fastest_ms = front.front().latency_ms;
  result.slowest_ms = front.back().latency_ms;
  result.r_squared = xy * xy / (xx * yy);
  if (front.size() > 2)
    result.standard_error = std::sqrt(std::max(0.0, yy - xy * xy / xx) / (count - 2) / xx);
  return result;
}

}  // namespace ridgeline
