#include "app/quantities.h"

#include "core/error.h"
#include "core/quantity.h"
#include "core/units.h"

namespace ridgeline {
double milliseconds_of_option(const std::string& option, const std::string& text) {
  const auto ms = quantity_from_text(text, "ms");
  if (ms && *ms > 0) return *ms;
  throw Error(ErrorKind::kUsage,
              option + " " + text + ": expected a positive latency, such as 12ms, 800us or 1.5s");
}

double fraction_of_option(const std::string& option, const std::string& text) {
  const auto number = quantity_from_text(text, "%");
  const double fraction = number ? *number * (text.ends_with('%') ? 0.01 : 1) : 0;
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
