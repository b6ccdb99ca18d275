#pragma once

#include <span>

#include "reward/pareto.h"

namespace ridgeline {

/// The exponent w at which a reward ACC x (LAT/T)^w finds nothing to choose between networks along
/// a trade-off, and how that trade-off was found.
struct TradeOff {
  double w = 0;     ///< negative
  double gain = 0;  ///< relative accuracy gained per doubling of the latency: 2^-w - 1
  size_t points = 0;
  double fastest_ms = 0, slowest_ms = 0;  ///< of the points
  double standard_error = 0;              ///< of w; of a fit over three points or more
  double r_squared = 0;                   ///< of a fit
};

/// MnasNet's argument (Tan et al. 2019, Section 3): a network of twice the latency and (1 + gain)
/// times the accuracy shall have the same reward, so w = -log2(1 + gain); 5 % give -0.07. Throws
/// `kUsage` for a gain that is not above 0.
TradeOff trade_off_from_gain(double gain);

/// The same through two networks. Throws `kUsage` unless the slower one is the more accurate, or
/// where an accuracy or a latency is not above 0.
TradeOff trade_off_between(const ParetoPoint& a, const ParetoPoint& b);

/// Least squares of log accuracy on log latency over the Pareto front of `points`, those of
/// accuracy 0 left out. Throws `kInfeasible` for a front of fewer than two networks: it has no
/// slope.
TradeOff trade_off_of_front(std::span<const ParetoPoint> points);

}  // namespace ridgeline
