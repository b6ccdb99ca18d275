#pragma once

#include "latency/calibration/validation.h"

namespace ridgeline {

/// The bar for a calibration: above this mean error, or below this rank correlation, on rows
/// outside the fit, its file is not written unless forced. The published tables reach 37 % and 0.88
/// at worst (docs/latency.md).
constexpr double kMostHeldOutError = 0.4;
constexpr double kLeastHeldOutSpearman = 0.7;

/// Agreement with rows outside the fit.
struct HeldOut {
  Agreement oracle = {}, equation1 = {}, power_law = {};
};

/// What a fit's user should hear.
struct FitVerdict {
  std::vector<std::string> objections;  ///< below the bar
  std::vector<std::string> remarks;     ///< baselines that predict better, constants at a bound,
                                        ///< launches that one batch size does not show
};
FitVerdict judge(const Fit& fit, const std::vector<Sample>& samples, const HeldOut& held_out);

/// Throws `kData` where half of the rows are over five times faster than the device can be: than
/// its peak rates, and than 1 us per kernel. Then latencies are in seconds, or of another device.
void require_plausible(const std::vector<Sample>& samples);

}  // namespace ridgeline
