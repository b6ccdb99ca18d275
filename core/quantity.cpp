#include "core/quantity.h"

#include <charconv>
#include <cmath>
#include <map>
#include <string>

namespace ridgeline {
namespace {

struct Scale {
  std::string measure;
  double factor = 1;
};

/// What a unit measures, and its size in the base unit of that measure.
Scale scale_of(std::string_view unit) {
  static const std::map<std::string, Scale, std::less<>> scales = [] {
    std::map<std::string, Scale, std::less<>> all = {
        {"ps", {"time", 1e-12}}, {"ns", {"time", 1e-9}},     {"us", {"time", 1e-6}},
        {"ms", {"time", 1e-3}},  {"s", {"time", 1}},         {"m", {"time", 60}},
        {"min", {"time", 60}},   {"h", {"time", 3600}},      {"d", {"time", 86400}},
        {"B", {"size", 1}},      {"GFLOP/s", {"rate", 1e9}}, {"TFLOP/s", {"rate", 1e12}}};
    double decimal = 1, binary = 1;
    for (const char* prefix : {"K", "M", "G", "T"}) {
      all[std::string(prefix) + "B"] = {"size", decimal *= 1e3};
      all[std::string(prefix) + "iB"] = {"size", binary *= 1024};
    }
    for (const auto& [name, scale] : std::map(all)) {
      if (scale.measure == "size") all[name + "/s"] = {"bandwidth", scale.factor};
    }
    return all;
  }();
  const auto found = scales.find(unit);
  return found != scales.end() ? found->second : Scale{std::string(unit), 1};
}

}  // namespace

std::optional<double> quantity_from_text(std::string_view text, std::string_view unit) {
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  double value = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || !std::isfinite(value)) return std::nullopt;
  std::string_view given(rest, static_cast<size_t>(text.data() + text.size() - rest));
  if (given.empty()) return value;
  given.remove_prefix(std::min(given.find_first_not_of(' '), given.size()));
  if (given == unit) return given.empty() ? std::nullopt : std::optional(value);
  const Scale from = scale_of(given), to = scale_of(unit);
  if (from.measure != to.measure) return std::nullopt;
  return value * from.factor / to.factor;
}

}  // namespace ridgeline
