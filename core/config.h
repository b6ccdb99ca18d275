#pragma once

#include <string>
#include <vector>

#include "core/config_reader.h"
#include "core/config_writer.h"

namespace ridgeline {

// Every configuration struct has one `template <class V> void describe(V& v)`, which calls
//   v.field("name", member, {...})         per key,
//   v.section("name", member, "help")      per map of keys,
//   v.part(member, used_by(...))           per struct whose keys stand in the same map.
// `field` and `section` take a `used_by(...)` as well: for keys that not every kind uses. Reading,
// writing and the annotated reference are three visitors of that one description.

/// Reads `T` from a map; keys that are absent keep their defaults, unknown keys fail. `unused`
/// receives a message, with its place, for each key that the chosen kind does not use.
template <class T>
T read_config(const YamlView& view, std::vector<std::string>* unused = nullptr) {
  T config;
  ConfigReader reader(view, unused);
  config.describe(reader);
  reader.finish();
  return config;
}

/// The struct as YAML text, with the keys that the chosen kinds use; `annotate` adds the comments
/// of the reference file, and all other keys as comments.
template <class T>
std::string write_config(T config, bool annotate = false) {
  ConfigWriter writer(annotate);
  config.describe(writer);
  return writer.str();
}

}  // namespace ridgeline
