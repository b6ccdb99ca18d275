#include "scaling/lacs_grid.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "core/error.h"

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

/// The triples of one network that the survey met.
struct Plateau {
  std::vector<CompoundCoefficients> triples;
  double latency_ms = 0;

  CompoundCoefficients middle() const {
    std::vector<Point> points;
    for (const auto& triple : triples) points.push_back(log_point(triple));
    return triples[nearest_to_mean(points)];
  }
};

}  // namespace

double CoefficientGrid::points() const {
  return static_cast<double>(alpha.size()) * static_cast<double>(beta.size()) *
         static_cast<double>(gamma.size());
}

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

ScaledPricer::ScaledPricer(const Architecture& base, double level, int resolution_multiple,
                           std::function<double(const Architecture&)> latency_ms)
    : base_(base),
      level_(level),
      resolution_multiple_(resolution_multiple),
      oracle_(std::move(latency_ms)) {}

Architecture ScaledPricer::at_level(const CompoundCoefficients& coefficients) const {
  return scale(base_, coefficients.at(level_), resolution_multiple_);
}

ScaledPricer::Dimensions ScaledPricer::dimensions(const Architecture& scaled) {
  Dimensions result = {scaled.resolution, scaled.stem.filters, scaled.head.filters};
  for (const auto& stage : scaled.stages) {
    result.push_back(stage.filters);
    result.push_back(stage.layers);
  }
  return result;
}

double ScaledPricer::latency_ms(const Architecture& scaled) {
  const auto [entry, is_new] = cache_.try_emplace(dimensions(scaled), 0.0);
  if (!is_new) return entry->second;
  try {
    entry->second = oracle_(scaled);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kInfeasible) throw;
    entry->second = std::numeric_limits<double>::infinity();
  }
  if (!(entry->second > 0)) {
    throw Error(ErrorKind::kInternal, "scaling: the latency oracle gave no positive latency for " +
                                          scaled.name + " at " + std::to_string(scaled.resolution) +
                                          " pixels");
  }
  return entry->second;
}

GridSurvey ScaledPricer::survey(const CoefficientGrid& grid, double low_ms, double high_ms) {
  GridSurvey survey;
  std::map<Dimensions, size_t> index;
  std::vector<Plateau> plateaus;
  const double hopeless_ms = 2 * high_ms;

  const auto visit = [&](const CompoundCoefficients& triple) {
    const Architecture scaled = at_level(triple);
    const double ms = latency_ms(scaled);
    if (ms < low_ms) {
      survey.below_ms = std::max(survey.below_ms, ms);
    } else if (ms > high_ms) {
      survey.above_ms = std::min(survey.above_ms, ms);
    } else {
      const auto [entry, is_new] = index.try_emplace(dimensions(scaled), plateaus.size());
      if (is_new) plateaus.push_back({{}, ms});
      plateaus[entry->second].triples.push_back(triple);
    }
    return ms <= hopeless_ms;
  };
  for (const double alpha : grid.alpha) {
    bool alpha_hopes = false;
    for (const double beta : grid.beta) {
      bool beta_hopes = false;
      for (const double gamma : grid.gamma) {
        if (!visit({alpha, beta, gamma})) break;
        beta_hopes = true;
      }
      if (!beta_hopes) break;
      alpha_hopes = true;
    }
    if (!alpha_hopes) break;
  }
  for (const auto& plateau : plateaus) {
    const CompoundCoefficients middle = plateau.middle();
    survey.networks.push_back({middle, at_level(middle), plateau.latency_ms});
  }
  return survey;
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
