#include "scaling/coefficient_solve.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/error.h"
#include "core/parallel.h"

namespace ridgeline {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();

/// How far a price is off, the same for both directions.
double miss(double price, double target) { return std::abs(std::log(price / target)); }

}  // namespace

std::vector<int> resolutions_up_to(int base, double factor, const RoundingRules& rules) {
  std::vector<int> sides = {base};
  const int step = std::max(1, rules.resolution_multiple);
  const double most = base * factor * (1 + 1e-9);
  for (int side = (base / step + 1) * step; side <= most; side += step) sides.push_back(side);
  return sides;
}

int last_at_most(int count, double target, const std::function<double(int)>& price) {
  const double limit = target * (1 + 1e-12);
  if (count == 0 || price(0) > limit) return -1;
  int low = 0, high = count;
  // Doubling steps first: the answer is often near the start, and large networks are dear to price.
  for (int step = 1; low + step < count; step *= 2) {
    if (price(low + step) > limit) {
      high = low + step;
      break;
    }
    low += step;
  }
  while (high - low > 1) {
    const int middle = low + (high - low) / 2;
    (price(middle) <= limit ? low : high) = middle;
  }
  return low;
}

int nearest_item(int count, int start, double target, const std::function<double(int)>& price) {
  int low = start, high = start;
  if (price(start) <= target) {
    for (int step = 1; high < count - 1 && price(high) <= target; step *= 2) {
      low = high;
      high = std::min(count - 1, high + step);
    }
  } else {
    for (int step = 1; low > 0 && price(low) > target; step *= 2) {
      high = low;
      low = std::max(0, low - step);
    }
  }
  while (high - low > 1) {
    const int middle = low + (high - low) / 2;
    (price(middle) <= target ? low : high) = middle;
  }
  return miss(price(low), target) <= miss(price(high), target) ? low : high;
}

double crossing(double low, double high, double target, const std::function<double(double)>& f) {
  const auto off = [&](double x) { return std::log(f(x) / target); };
  double a = std::log(low), b = std::log(high), fa = off(low), fb = off(high);
  if (fa >= 0) return low;
  if (fb <= 0) return high;
  int side = 0;
  for (int i = 0; i < 200 && b - a > 1e-13; ++i) {
    const double x = std::isfinite(fb) ? (fa * b - fb * a) / (fa - fb) : (a + b) / 2;
    const double fx = off(std::exp(x));
    if (std::abs(fx) < 1e-12) return std::exp(x);
    if (fx > 0) {
      b = x, fb = fx;
      if (side == 1) fa /= 2;
      side = 1;
    } else {
      a = x, fa = fx;
      if (side == -1) fb /= 2;
      side = -1;
    }
  }
  return std::exp((a + b) / 2);
}

CoefficientSolver::CoefficientSolver(const Architecture& base, const LacsConfig& config,
                                     const ScalingPrice& price)
    : base_(base), config_(config), price_(price) {}

CoefficientSolver::Dimensions CoefficientSolver::dimensions(const Architecture& scaled) {
  Dimensions result = {scaled.resolution, scaled.stem.filters, scaled.head.filters};
  for (const auto& stage : scaled.stages) {
    result.push_back(stage.filters);
    result.push_back(stage.layers);
  }
  return result;
}

double CoefficientSolver::ask(const Architecture& scaled) const {
  double price = kNever;
  try {
    price = price_.of_network(scaled);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kInfeasible) throw;
  }
  if (!(price > 0)) {
    throw Error(ErrorKind::kInternal, "scaling: the latency oracle gave no positive latency for " +
                                          scaled.name + " at " + std::to_string(scaled.resolution) +
                                          " pixels");
  }
  return price;
}

double CoefficientSolver::cached(const Architecture& scaled, Prices& fresh) const {
  const Dimensions key = dimensions(scaled);
  if (const auto known = cache_.find(key); known != cache_.end()) return known->second;
  if (const auto known = fresh.find(key); known != fresh.end()) return known->second;
  return fresh[key] = ask(scaled);
}

double CoefficientSolver::price(const Architecture& scaled) {
  Prices fresh;
  const double price = cached(scaled, fresh);
  cache_.merge(fresh);
  return price;
}

double CoefficientSolver::unrounded(const CompoundCoefficients& coefficients) const {
  try {
    return price_.of_factors(coefficients.at(config_.level));
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kInfeasible) throw;
    return kNever;
  }
}

double CoefficientSolver::price(const CompoundCoefficients& coefficients) {
  return config_.continuous ? unrounded(coefficients) : price(at_level(coefficients));
}

Architecture CoefficientSolver::at_level(const CompoundCoefficients& coefficients) const {
  return scale(base_, coefficients.at(config_.level), config_.rounding);
}

std::vector<CoefficientSolver::Row> CoefficientSolver::rows_of(
    const std::vector<CoefficientPair>& pairs) const {
  std::vector<Row> rows;
  std::map<Dimensions, size_t> index;
  for (const auto& pair : pairs) {
    size_t at = rows.size();
    if (!config_.continuous)
      at = index.try_emplace(dimensions(at_level({pair.alpha, pair.beta, 1})), at).first->second;
    if (at == rows.size()) rows.push_back({.pairs = {}, .above = kNever});
    rows[at].pairs.push_back(pair);
  }
  return rows;
}

void CoefficientSolver::solve_rounded(Row& row, double target) const {
  const double most = std::pow(config_.grid.max_gamma, config_.level);
  const std::vector<int> sides = resolutions_up_to(base_.resolution, most, config_.rounding);
  Architecture network = at_level({row.pairs[0].alpha, row.pairs[0].beta, 1});
  const auto price_at = [&](int i) {
    network.resolution = sides[i];
    return cached(network, row.priced);
  };
  const int count = static_cast<int>(sides.size());
  const int below = last_at_most(count, target, price_at);
  if (below >= 0) row.below = price_at(below);
  if (below + 1 < count) row.above = price_at(below + 1);
  const bool take_below = below >= 0 && miss(row.below, target) <= miss(row.above, target);
  row.price = take_below ? row.below : row.above;
  const int side = sides[take_below ? below : below + 1];
  row.gamma = side == base_.resolution
                  ? 1
                  : std::pow(side / static_cast<double>(base_.resolution), 1 / config_.level);
}

void CoefficientSolver::solve_continuous(Row& row, double target) const {
  const CoefficientPair pair = row.pairs[0];
  const auto price_at = [&](double gamma) { return unrounded({pair.alpha, pair.beta, gamma}); };
  const double lowest = price_at(1);
  const double highest = lowest <= target ? price_at(config_.grid.max_gamma) : kNever;
  (lowest <= target ? row.below : row.above) = lowest;
  if (lowest > target) return;
  if (highest < target) {
    row.below = highest;
    return;
  }
  row.gamma = crossing(1, config_.grid.max_gamma, target, price_at);
  row.price = row.below = row.above = price_at(row.gamma);
}

/// The optimum may have the base's resolution, and no pair of a grid has exactly that.
void CoefficientSolver::add_edge_rows(std::vector<Row>& rows, double target) const {
  std::map<double, std::pair<double, double>> betas;  // by alpha: fits at gamma 1, and does not
  for (const Row& row : rows) {
    const auto [alpha, beta] = row.pairs[0];
    auto& [fits, exceeds] = betas.try_emplace(alpha, 0.0, kNever).first->second;
    if (row.price > 0) fits = std::max(fits, beta);
    if (row.price == 0 && row.below == 0) exceeds = std::min(exceeds, beta);
  }
  for (const auto& entry : betas) {
    const double alpha = entry.first;
    const auto& range = entry.second;
    if (range.first == 0 || !std::isfinite(range.second)) continue;
    const double beta = crossing(range.first, range.second, target, [&](double width) {
      return unrounded({alpha, width, 1});
    });
    const double price = unrounded({alpha, beta, 1});
    rows.push_back({{{alpha, beta}}, {}, 1, price, price, price});
  }
}

GridSurvey CoefficientSolver::solve(const std::vector<CoefficientPair>& pairs, double target) {
  std::vector<Row> rows = rows_of(pairs);
  const auto solve_row = [&](size_t i) {
    config_.continuous ? solve_continuous(rows[i], target) : solve_rounded(rows[i], target);
  };
  if (price_.parallel) {
    parallel_for(rows.size(), solve_row);
  } else {
    for (size_t i = 0; i < rows.size(); ++i) solve_row(i);
  }
  if (config_.continuous) add_edge_rows(rows, target);

  GridSurvey survey{.networks = {}, .above_ms = kNever};
  // The slack keeps a network that meets the limit exactly on the right side of rounding errors.
  const double slack = config_.grid.tolerance * (1 + 1e-9);
  for (Row& row : rows) {
    cache_.merge(row.priced);
    survey.below_ms = std::max(survey.below_ms, row.below);
    survey.above_ms = std::min(survey.above_ms, row.above);
    if (row.price == 0 || std::abs(row.price / target - 1) > slack) continue;
    GridNetwork network;
    for (const auto& [alpha, beta] : row.pairs) network.triples.push_back({alpha, beta, row.gamma});
    network.coefficients = middle_of(network.triples);
    network.architecture = at_level(network.coefficients);
    network.latency_ms = row.price;
    survey.networks.push_back(std::move(network));
  }
  return survey;
}

}  // namespace ridgeline
