#include "app/quantities.h"

#include <charconv>
#include <cmath>
#include <map>

#include "core/error.h"
#include "core/units.h"

namespace ridgeline {
namespace {

/// The number at the start of `text` times what its unit stands for; 0: not such a text.
double scaled(const std::string& text, const std::map<std::string, double>& units) {
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  std::string unit(rest, end);
  unit.erase(0, std::min(unit.find_first_not_of(' '), unit.size()));
  const auto scale = units.find(unit);
  if (error != std::errc() || scale == units.end() || !std::isfinite(value)) return 0;
  return value * scale->second;
}

}  // namespace

double milliseconds_of_option(const std::string& option, const std::string& text) {
  const double ms = scaled(text, {{"", 1}, {"ms", 1}, {"us", 1e-3}, {"s", 1e3}});
  if (ms > 0) return ms;
  throw Error(ErrorKind::kUsage,
              option + " " + text + ": expected a positive latency, such as 12ms, 800us or 1.5s");
}

double fraction_of_option(const std::string& option, const std::string& text) {
  const double fraction = scaled(text, {{"", 1}, {"%", 0.01}});
  if (fraction > 0 && fraction <= 1) return fraction;
  throw Error(ErrorKind::kUsage, option + " " + text +
                                     ": expected a positive share, such as 5% or 0.05, at most "
                                     "100%");
}

std::string count_text(int64_t count) {
  return count > 0 ? format_count(static_cast<double>(count)) : "-";
}

std::string percent_text(double fraction) { return format_fixed(100 * fraction, 2) + " %"; }

}  // namespace ridgeline
