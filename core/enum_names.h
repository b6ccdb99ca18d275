#pragma once

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "core/yaml.h"

namespace ridgeline {

/// The names of an enum's values, in YAML spelling: specialise once per enum as
/// `template <> struct EnumNames<Kind> { static constexpr std::array<std::pair<Kind, const char*>,
/// N> values{...}; };`
template <class E>
struct EnumNames;

template <class E>
std::string enum_name(E value) {
  for (const auto& [candidate, name] : EnumNames<E>::values) {
    if (candidate == value) return name;
  }
  return "?";
}

template <class E>
std::vector<std::string> enum_choices() {
  std::vector<std::string> names;
  for (const auto& entry : EnumNames<E>::values) names.emplace_back(entry.second);
  return names;
}

/// The value of a scalar that must be one of an enum's names.
template <class E>
E enum_from_yaml(const YamlView& view) {
  const std::string text = view.as_string();
  for (const auto& [candidate, name] : EnumNames<E>::values) {
    if (text == name) return candidate;
  }
  const auto names = enum_choices<E>();
  const std::string near = nearest_name(text, names);
  view.fail("'" + text + "' is not one of: " + join(names) +
            (near.empty() ? "" : "; did you mean '" + near + "'?"));
}

}  // namespace ridgeline
