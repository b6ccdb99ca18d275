#pragma once

#include <string>
#include <vector>

#include "report/plot.h"

namespace ridgeline {

/// What a device can do at best: min(peak, I x bandwidth) FLOP/s at operational intensity I.
struct Roof {
  std::string name;
  double peak_flops = 0;        ///< FLOP/s
  double bytes_per_second = 0;  ///< of main memory
  /// I where the slope meets the peak, FLOP/byte.
  double ridge_point() const { return peak_flops / bytes_per_second; }
  double attainable(double intensity) const;
};

/// A network or an operator where it ran or would run.
struct RooflinePoint {
  std::string label;  ///< beside the point; empty: none
  size_t roof = 0;    ///< index of its device
  double intensity = 0;
  double flops_per_second = 0;
};

/// The picture of Figure 2 of the EfficientNet-X paper: log-log roofs with their ridge points
/// marked, and points below them in the color of their device. Throws `kConfig` where there is no
/// roof, or a rate or an intensity is not positive.
Plot roofline_plot(const std::string& title, const std::vector<Roof>& roofs,
                   const std::vector<RooflinePoint>& points);

}  // namespace ridgeline
