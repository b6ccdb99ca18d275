#include "report/axis.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/error.h"
#include "core/units.h"

namespace ridgeline {
namespace {

constexpr double kMargin = 0.05;          // of the range, on both sides
constexpr double kPixelsPerTick = 60;     // about so many between two labels
constexpr double kFewDecades = 2.6;       // up to here 2 and 5 are labelled too
constexpr double kHardlyADecade = 0.9;    // below, the ticks of a linear axis read better
constexpr double kTickTolerance = 1e-9;   // of a step: a tick on the limit belongs to the axis
constexpr double kOnePointLogMargin = 2;  // one value alone gets this factor on both sides
constexpr double kOnePointLinearMargin = 0.5;

/// 1, 2 or 5 x 10^n, at least `least`.
double nice_step(double least) {
  const double decade = std::pow(10, std::floor(std::log10(least)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * decade >= least * (1 - kTickTolerance)) return factor * decade;
  }
  return 10 * decade;
}

bool fits_as_fixed(double largest, double step) { return largest < 1e6 && step >= 1e-6; }

std::string exponent_label(double value) {
  if (value == 0) return "0";
  const int exponent = static_cast<int>(std::floor(std::log10(std::abs(value)) + kTickTolerance));
  std::string mantissa = format_fixed(value / std::pow(10, exponent), 3);
  while (mantissa.back() == '0') mantissa.pop_back();
  if (mantissa.back() == '.') mantissa.pop_back();
  return mantissa + "e" + std::to_string(exponent);
}

std::string label_of(double value, double step, double largest) {
  if (!fits_as_fixed(largest, step)) return exponent_label(value);
  const int digits = std::max(0, -static_cast<int>(std::floor(std::log10(step) + kTickTolerance)));
  return format_fixed(value == 0 ? 0 : value, digits);
}

[[noreturn]] void fail(const Axis& axis, const std::string& what) {
  throw Error(ErrorKind::kConfig, "plot: axis '" + axis.label + "': " + what);
}

}  // namespace

AxisScale::AxisScale(const Axis& axis, const std::vector<double>& data, double first_pixel,
                     double last_pixel)
    : kind_(axis.kind), first_pixel_(first_pixel), last_pixel_(last_pixel) {
  settle_range(axis, data);
  if (!axis.categories.empty()) {
    for (size_t i = 0; i < axis.categories.size(); ++i) {
      ticks_.push_back({static_cast<double>(i), axis.categories[i]});
    }
  } else if (kind_ == AxisKind::kLog && std::log10(max_ / min_) >= kHardlyADecade) {
    add_log_ticks();
  } else {
    add_linear_ticks();
  }
}

void AxisScale::settle_range(const Axis& axis, const std::vector<double>& data) {
  const bool log = kind_ == AxisKind::kLog;
  if (log && !axis.categories.empty()) fail(axis, "categories need a linear axis");
  double low = std::numeric_limits<double>::infinity(), high = -low;
  const auto include = [&](double value) {
    if (!std::isfinite(value)) fail(axis, "a value is not a finite number");
    if (log && value <= 0) {
      fail(axis, format_fixed(value, 3) + " has no place on a log axis; values must be positive");
    }
    low = std::min(low, value);
    high = std::max(high, value);
  };
  for (const double value : data) include(value);
  if (axis.min) include(*axis.min);
  if (axis.max) include(*axis.max);
  if (!axis.categories.empty()) {
    low = 0;
    high = static_cast<double>(axis.categories.size()) - 1;
  }
  if (!std::isfinite(low)) fail(axis, "there is nothing to show");
  min_ = low;
  max_ = high;
  widen(axis);
  min_ = axis.min.value_or(min_);
  max_ = axis.max.value_or(max_);
  if (!(min_ < max_)) {
    fail(axis, "min " + format_fixed(min_, 3) + " must be below max " + format_fixed(max_, 3));
  }
}

void AxisScale::widen(const Axis& axis) {
  if (kind_ == AxisKind::kLog) {
    const double factor = max_ > min_ ? std::pow(max_ / min_, kMargin) : kOnePointLogMargin;
    min_ /= factor;
    max_ *= factor;
    return;
  }
  const bool all_positive = min_ >= 0;
  double margin = (max_ - min_) * kMargin;
  if (!axis.categories.empty()) {
    margin = 0.5;  // half a category on both sides
  } else if (max_ == min_) {
    margin = std::max(std::abs(max_) * kOnePointLinearMargin, kOnePointLinearMargin);
  }
  min_ -= margin;
  max_ += margin;
  // A margin must not suggest that a count or a time could be negative.
  if (all_positive && axis.categories.empty()) min_ = std::max(min_, 0.0);
}

double AxisScale::pixel(double value) const {
  const double share = kind_ == AxisKind::kLog ? std::log(value / min_) / std::log(max_ / min_)
                                               : (value - min_) / (max_ - min_);
  return first_pixel_ + share * (last_pixel_ - first_pixel_);
}

void AxisScale::add_linear_ticks() {
  const double wanted = std::max(2.0, std::abs(last_pixel_ - first_pixel_) / kPixelsPerTick);
  const double step = nice_step((max_ - min_) / wanted);
  const double largest = std::max(std::abs(min_), std::abs(max_));
  const double first = std::ceil(min_ / step - kTickTolerance);
  const double last = std::floor(max_ / step + kTickTolerance);
  for (double i = first; i <= last; ++i) {
    ticks_.push_back({i * step, label_of(i * step, step, largest)});
  }
}

void AxisScale::add_log_ticks() {
  const double decades = std::log10(max_ / min_);
  const double room = std::abs(last_pixel_ - first_pixel_) / kPixelsPerTick;
  const int stride = std::max(1, static_cast<int>(std::ceil(decades / std::max(1.0, room))));
  const bool between = decades <= kFewDecades && room >= 3 * decades;
  const int first = static_cast<int>(std::floor(std::log10(min_)));
  const int last = static_cast<int>(std::ceil(std::log10(max_)));
  for (int exponent = first; exponent <= last; ++exponent) {
    for (int digit = 1; digit <= 9; ++digit) {
      if (stride > 1 && digit > 1) break;
      const double value = digit * std::pow(10, exponent);
      if (value < min_ * (1 - kTickTolerance) || value > max_ * (1 + kTickTolerance)) continue;
      const bool major =
          digit == 1 ? exponent % stride == 0 : between && (digit == 2 || digit == 5);
      ticks_.push_back({value, major ? label_of(value, std::pow(10, exponent), value) : ""});
    }
  }
}

}  // namespace ridgeline
