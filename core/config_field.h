#pragma once

#include <initializer_list>
#include <limits>
#include <string>

#include "core/enum_names.h"

namespace ridgeline {

/// What is known of one configuration field besides its name and default.
struct FieldInfo {
  const char* help = "";                                  ///< meaning, one line
  const char* unit = "";                                  ///< "ms", "epochs", ...
  double min = -std::numeric_limits<double>::infinity();  ///< smallest valid number
  double max = std::numeric_limits<double>::infinity();   ///< largest valid number
};

/// Which kinds use a key, and whether the chosen kind is one of them. The default: all kinds do.
struct UsedBy {
  bool chosen = true;
  std::string key = {};    ///< that chooses: "kind" of the same map
  std::string value = {};  ///< the chosen kind
  std::string kinds = {};  ///< "measured, table"
};

template <class E>
UsedBy used_by(const std::string& key, E chosen, std::initializer_list<E> kinds) {
  UsedBy use{.chosen = false, .key = key, .value = enum_name(chosen)};
  for (const E kind : kinds) {
    use.chosen = use.chosen || kind == chosen;
    use.kinds += (use.kinds.empty() ? "" : ", ") + enum_name(kind);
  }
  return use;
}

}  // namespace ridgeline
