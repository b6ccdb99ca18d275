#include "core/units.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace ridgeline {
namespace {

std::string print(const char* format, double value) {
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, format, value);
  return buffer;
}

// Three significant digits without an exponent.
std::string three_digits(double value) {
  const double size = std::abs(value);
  if (size >= 100 || size == 0) return print("%.0f", value);
  if (size >= 10) return print("%.1f", value);
  if (size >= 1) return print("%.2f", value);
  const int digits = std::min(9, 2 - static_cast<int>(std::floor(std::log10(size))));
  return format_fixed(value, digits);
}

bool looks_numeric(const std::string& text) {
  return !text.empty() && (std::isdigit(static_cast<unsigned char>(text[0])) ||
                           ((text[0] == '-' || text[0] == '+') && text.size() > 1 &&
                            std::isdigit(static_cast<unsigned char>(text[1]))));
}

}  // namespace

std::string format_percent(double share, int digits) {
  return format_fixed(100 * share, digits) + " %";
}

std::string format_fixed(double value, int digits) {
  std::string text(static_cast<size_t>(std::snprintf(nullptr, 0, "%.*f", digits, value)), ' ');
  std::snprintf(text.data(), text.size() + 1, "%.*f", digits, value);
  return text;
}

std::string format_count(double value) {
  const double size = std::abs(value);
  // The limits are where the smaller suffix would round up to 1000.
  if (size >= 0.99995e12) return format_fixed(value / 1e12, 2) + "T";
  if (size >= 0.99995e9) return format_fixed(value / 1e9, 2) + "G";
  if (size >= 0.99995e6) return format_fixed(value / 1e6, size >= 1e8 ? 1 : 2) + "M";
  if (size >= 1e4) return format_fixed(value / 1e3, 1) + "k";
  return format_fixed(value, 0);
}

std::string format_bytes(double bytes) {
  const char* units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  int unit = 0;
  while (bytes >= 1024 && unit < 4) {
    bytes /= 1024;
    ++unit;
  }
  return (unit == 0 ? format_fixed(bytes, 0) : three_digits(bytes)) + " " + units[unit];
}

std::string format_ms(double ms) {
  return std::abs(ms) >= 1000 ? three_digits(ms / 1000) + " s" : three_digits(ms) + " ms";
}

std::string format_duration(double seconds) {
  if (seconds < 10) return format_fixed(seconds, 1) + "s";
  const long total = std::lround(seconds);
  char buffer[64];
  if (total < 60) {
    std::snprintf(buffer, sizeof buffer, "%lds", total);
  } else if (total < 3600) {
    std::snprintf(buffer, sizeof buffer, "%ldm%02lds", total / 60, total % 60);
  } else {
    std::snprintf(buffer, sizeof buffer, "%ldh%02ldm", total / 3600, total % 3600 / 60);
  }
  return buffer;
}

std::string TextTable::str() const {
  std::vector<size_t> width(header.size());
  for (size_t c = 0; c < header.size(); ++c) width[c] = header[c].size();
  for (const auto& row : rows) {
    for (size_t c = 0; c < header.size(); ++c) width[c] = std::max(width[c], row[c].size());
  }
  std::string text;
  const auto add = [&](const std::vector<std::string>& row) {
    std::string out;
    for (size_t c = 0; c < header.size(); ++c) {
      const std::string pad(width[c] - row[c].size(), ' ');
      const bool right = !rows.empty() && looks_numeric(rows[0][c]);
      out += (c ? "  " : "") + (right ? pad + row[c] : row[c] + pad);
    }
    text += out.substr(0, out.find_last_not_of(' ') + 1) + "\n";
  };
  add(header);
  for (const auto& row : rows) add(row);
  return text;
}

}  // namespace ridgeline
