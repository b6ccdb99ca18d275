#pragma once

#include <optional>
#include <string>
#include <vector>

namespace ridgeline {

enum class AxisKind { kLinear, kLog };

/// One axis of a plot, as the caller wants it.
struct Axis {
  std::string label;  ///< with its unit: "latency (ms)"
  AxisKind kind = AxisKind::kLinear;
  std::optional<double> min = {}, max = {};  ///< ~: the data with a margin
  std::vector<std::string> categories =
      {};  ///< names of the values 0, 1, 2, ... instead of numbers
};

struct Tick {
  double value = 0;
  std::string label;  ///< empty: a minor tick
};

/// An axis with its range settled and laid over the pixels from `first_pixel` (its smallest value)
/// to `last_pixel`, which may be the smaller number, as on a y axis.
class AxisScale {
 public:
  /// `data` are the values to show. Throws `kConfig` naming the axis where a log axis has values or
  /// limits that are not positive, a value is not finite, or min is not below max.
  AxisScale(const Axis& axis, const std::vector<double>& data, double first_pixel,
            double last_pixel);

  double min() const { return min_; }
  double max() const { return max_; }
  double pixel(double value) const;
  /// Ascending and inside the range: steps of 1, 2 or 5 x 10^n; on a log axis the decades, with 2
  /// and 5 between them where few decades are shown.
  const std::vector<Tick>& ticks() const { return ticks_; }

 private:
  void settle_range(const Axis& axis, const std::vector<double>& data);
  void widen(const Axis& axis);
  void add_linear_ticks();
  void add_log_ticks();

  AxisKind kind_;
  double first_pixel_, last_pixel_;
  double min_ = 0, max_ = 1;
  std::vector<Tick> ticks_;
};

}  // namespace ridgeline
