#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ridgeline {

std::string format_count(double value);  ///< 385814752 -> "385.8M"; 920.4e6 -> "920.4M"
std::string format_bytes(double bytes);  ///< 1536 -> "1.50 KiB"
std::string format_ms(double ms);  ///< 0.0123 -> "0.0123 ms", 13.4 -> "13.4 ms", 1234 -> "1.23 s"
std::string format_duration(double seconds);  ///< 75 -> "1m15s"
std::string format_fixed(double value, int digits);
std::string format_percent(double share, int digits = 1);  ///< 0.123 -> "12.3 %"

/// A table for terminals: first row of `header`, columns padded, numbers right-aligned.
struct TextTable {
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;
  std::string str() const;
};

}  // namespace ridgeline
