#include "scaling/coefficient_grid.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <set>

#include "core/error.h"
#include "core/units.h"

namespace ridgeline {
namespace {

using Point = std::array<double, 3>;

Point log_point(const CompoundCoefficients& c) {
  return {std::log(c.alpha), std::log(c.beta), std::log(c.gamma)};
}

double squared_distance(const Point& a, const Point& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sum;
}

/// Index of the point nearest to the mean of all, the first of equals. REQUIRES: not empty
size_t nearest_to_mean(const std::vector<Point>& points) {
  Point mean{};
  for (const auto& point : points) {
    for (size_t i = 0; i < mean.size(); ++i) {
      mean[i] += point[i] / static_cast<double>(points.size());
    }
  }
  size_t best = 0;
  for (size_t i = 1; i < points.size(); ++i) {
    // Mirror images differ only by rounding errors; the first of them must win everywhere.
    if (squared_distance(points[i], mean) < squared_distance(points[best], mean) - 1e-12) best = i;
  }
  return best;
}

constexpr double kMostPairs = 1e5;
/// Decimal steps are compared after rounding to nine digits.
constexpr double kStepSlack = 1e-9;

}  // namespace

std::vector<double> grid_axis(double centre, double step, double low, double high) {
  std::vector<double> values = {low, high};
  const auto first = static_cast<int64_t>(std::ceil((low - centre) / step));
  const auto last = static_cast<int64_t>(std::floor((high - centre) / step));
  for (int64_t i = first; i <= last; ++i) {
    values.push_back(std::clamp(centre + static_cast<double>(i) * step, low, high));
  }
  // Decimal steps are meant decimally: 1.2, not 1.2000000000000002.
  for (double& value : values) value = std::round(value * 1e9) / 1e9;
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  return values;
}

bool GridWindow::holds(const CoefficientPair& pair, const GridConfig& box) const {
  const auto inside = [](double value, double least, double most, double maximum) {
    const bool above = value > least + kStepSlack || (least <= 1 && value >= least);
    const bool below = value < most - kStepSlack || (most >= maximum && value <= most);
    return above && below;
  };
  return inside(pair.alpha, low.alpha, high.alpha, box.max_alpha) &&
         inside(pair.beta, low.beta, high.beta, box.max_beta);
}

GridWindow whole_box(const GridConfig& box) {
  return {{1, 1}, {1, 1}, {box.max_alpha, box.max_beta}};
}

GridWindow window_around(const CoefficientPair& centre, double reach, const GridConfig& box) {
  const auto low = [&](double value) { return std::max(1.0, value - reach); };
  return {
      centre,
      {low(centre.alpha), low(centre.beta)},
      {std::min(box.max_alpha, centre.alpha + reach), std::min(box.max_beta, centre.beta + reach)}};
}

std::vector<CoefficientPair> grid_pairs(const std::vector<GridWindow>& windows, double step) {
  std::set<CoefficientPair> pairs;
  for (const GridWindow& window : windows) {
    const double points = ((window.high.alpha - window.low.alpha) / step + 2) *
                          ((window.high.beta - window.low.beta) / step + 2);
    if (points > kMostPairs) {
      throw Error(ErrorKind::kConfig,
                  "scaling: coarse_step makes a grid of " + format_count(points) +
                      " pairs of alpha and beta; at most " + format_count(kMostPairs) +
                      " are allowed: take a larger step or smaller maxima");
    }
    for (const double alpha :
         grid_axis(window.centre.alpha, step, window.low.alpha, window.high.alpha)) {
      for (const double beta :
           grid_axis(window.centre.beta, step, window.low.beta, window.high.beta))
        pairs.insert({alpha, beta});
    }
  }
  return {pairs.begin(), pairs.end()};
}

CompoundCoefficients middle_of(const std::vector<CompoundCoefficients>& triples) {
  std::vector<Point> points;
  for (const auto& triple : triples) points.push_back(log_point(triple));
  return triples[nearest_to_mean(points)];
}

std::vector<GridNetwork> spread_widest(const std::vector<GridNetwork>& networks,
                                       const std::vector<CompoundCoefficients>& taken, int limit) {
  if (networks.size() <= static_cast<size_t>(limit)) return networks;
  std::vector<Point> points;
  for (const auto& network : networks) points.push_back(log_point(network.coefficients));
  std::vector<double> distance(points.size(), std::numeric_limits<double>::infinity());
  const auto keep_away_from = [&](const Point& point) {
    for (size_t i = 0; i < points.size(); ++i) {
      distance[i] = std::min(distance[i], squared_distance(points[i], point));
    }
  };
  for (const auto& triple : taken) keep_away_from(log_point(triple));

  std::vector<size_t> chosen;
  size_t next = nearest_to_mean(points);
  while (true) {
    if (!taken.empty() || !chosen.empty()) {
      next = 0;
      for (size_t i = 1; i < points.size(); ++i) {
        if (distance[i] > distance[next] + 1e-12) next = i;
      }
    }
    chosen.push_back(next);
    if (chosen.size() == static_cast<size_t>(limit)) break;
    keep_away_from(points[next]);
    distance[next] = -1;
  }
  std::sort(chosen.begin(), chosen.end());
  std::vector<GridNetwork> result;
  for (const size_t i : chosen) result.push_back(networks[i]);
  return result;
}

}  // namespace ridgeline
