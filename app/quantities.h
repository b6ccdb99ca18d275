#pragma once

#include <cstdint>
#include <string>

namespace ridgeline {

// Numbers with units as the command line takes them. `option` begins the message of the `kUsage`
// that anything else throws.

/// "12ms", "800us", "1.5s"; a number alone is milliseconds. Above 0.
double milliseconds_of_option(const std::string& option, const std::string& text);
/// "5%" or "0.05", above 0 and at most 1: a plain 5 could mean either.
double fraction_of_option(const std::string& option, const std::string& text);

/// 0.7523 -> "75.23 %"
std::string percent_text(double fraction);
/// Parameters or multiply-adds: "385.8M"; "-" for 0, which points of plain decisions have.
std::string count_text(int64_t count);

}  // namespace ridgeline
