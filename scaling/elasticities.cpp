#include "scaling/elasticities.h"

#include <cmath>

#include "core/error.h"

namespace ridgeline {
namespace {

using Price = std::function<double(const Architecture&)>;

/// Filters and resolution to whole numbers; layers are set by hand.
constexpr RoundingRules kWhole = {.filter_multiple = 1,
                                  .resolution_rounding = ResolutionRounding::kNearest,
                                  .resolution_multiple = 1};

/// Nothing where the network is too small or too large.
std::optional<double> price_if_possible(const Architecture& network, const Price& price) {
  try {
    const double value = price(network);
    return value > 0 && std::isfinite(value) ? std::optional(value) : std::nullopt;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kInfeasible && error.kind() != ErrorKind::kConfig) throw;
    return std::nullopt;
  }
}

/// Slope of ln price over ln `achieved` between `base` scaled by 1 / `step` and by `step`.
template <class Factors, class Achieved>
double slope(const Architecture& base, double base_price, const Price& price,
             const Factors& factors, const Achieved& achieved) {
  const double step = std::sqrt(1.5);
  double low_price = base_price, high_price = base_price, low = 1, high = 1;
  const Architecture smaller = scale(base, factors(1 / step), kWhole);
  const Architecture larger = scale(base, factors(step), kWhole);
  if (const auto found = price_if_possible(smaller, price))
    low_price = *found, low = achieved(smaller);
  if (const auto found = price_if_possible(larger, price))
    high_price = *found, high = achieved(larger);
  return high > low ? std::log(high_price / low_price) / std::log(high / low) : 0;
}

/// `network` with whole layers and resolution, the layers' fractions priced.
double with_fractions(Architecture network, const std::vector<double>& fractions,
                      const Price& price) {
  const double whole = price(network);
  double total = whole;
  for (size_t i = 0; i < fractions.size(); ++i) {
    if (fractions[i] <= 0) continue;
    ++network.stages[i].layers;
    total += fractions[i] * (price(network) - whole);
    --network.stages[i].layers;
  }
  return total;
}

}  // namespace

Elasticities elasticities(const Architecture& base, const Price& price) {
  const double base_price = price(base);
  Elasticities result;
  for (size_t i = 0; i < base.stages.size(); ++i) {
    if (base.stages[i].layers == 0) continue;
    Architecture deeper = base;
    ++deeper.stages[i].layers;
    const auto found = price_if_possible(deeper, price);
    if (found) result.depth += base.stages[i].layers * (*found / base_price - 1);
  }
  result.width = slope(
      base, base_price, price,
      [](double f) {
        return ScalingFactors{1, f, 1};
      },
      [&](const Architecture& a) { return built_factors(base, a).width; });
  result.resolution = slope(
      base, base_price, price,
      [](double f) {
        return ScalingFactors{1, 1, f};
      },
      [&](const Architecture& a) { return built_factors(base, a).resolution; });
  return result;
}

double unrounded_price(const Architecture& base, const ScalingFactors& factors,
                       const Price& price) {
  Architecture network = scale(base, {1, factors.width, 1}, kWhole);
  std::vector<double> fractions;
  for (auto& stage : network.stages) {
    const double layers = stage.layers * factors.depth;
    stage.layers = static_cast<int>(std::floor(layers + 1e-9));
    fractions.push_back(layers - stage.layers);
  }
  const double side = base.resolution * factors.resolution;
  network.resolution = static_cast<int>(std::floor(side + 1e-9));
  const double below = with_fractions(network, fractions, price);
  const double part = side - network.resolution;
  if (part <= 1e-9) return below;
  ++network.resolution;
  return below + part * (with_fractions(network, fractions, price) - below);
}

}  // namespace ridgeline
