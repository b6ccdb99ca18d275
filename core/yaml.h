#pragma once

#include <yaml-cpp/yaml.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"

namespace ridgeline {

/// A read-only view of a YAML node that knows where it stands. Every failure names
/// file:line:column, the dotted key, what is wrong and what would be valid (`ErrorKind::kConfig`).
class YamlView {
 public:
  /// Throws `kConfig` for an absent file or bad YAML, duplicate keys included.
  static YamlView load_file(const std::filesystem::path& path);
  static YamlView parse(const std::string& text, const std::string& source);
  /// One word that stands in no document, such as an option's: failures name `source` alone.
  static YamlView word(const std::string& text, const std::string& source);
  /// A view of a node that was built or changed in memory. What stands at or below one of the
  /// dotted keys `set` came from `--set`, and failures say so instead of a place in the file.
  static YamlView wrap(const YAML::Node& node, const std::string& source,
                       std::vector<std::string> set = {});

  bool is_map() const { return node_.IsMap(); }
  bool is_list() const { return node_.IsSequence(); }
  bool is_scalar() const { return node_.IsScalar(); }
  bool is_null() const { return node_.IsNull(); }

  bool has(const std::string& key) const;
  /// The child, or a failure that says the key is missing. REQUIRES: a map, else a failure.
  YamlView at(const std::string& key) const;
  std::optional<YamlView> find(const std::string& key) const;
  /// Children of a non-empty list; an empty or missing list is a failure.
  std::vector<YamlView> items() const;
  std::vector<std::pair<std::string, YamlView>> entries() const;

  /// Scalar conversions, strict: `1.5` is no integer, `yes` is no number.
  bool as_bool() const;
  int64_t as_int() const;
  double as_double() const;
  std::string as_string() const;

  /// Fails on the first key of this map that is not in `known`, with the nearest known name.
  void refuse_unknown(const std::vector<std::string>& known) const;
  /// Throws `kConfig`: "source:line:column: key: what".
  [[noreturn]] void fail(const std::string& what) const;

  const YAML::Node& node() const { return node_; }
  const std::string& source() const { return source_; }
  const std::string& key() const { return key_; }
  std::string where() const;
  /// Where the key itself stands, not its value. REQUIRES: `has(key)`.
  std::string where(const std::string& key) const;
  /// The dotted path of a key of this map.
  std::string child_key(const std::string& key) const;

 private:
  using SetKeys = std::shared_ptr<const std::vector<std::string>>;
  YamlView(const YAML::Node& node, std::string source, std::string key, SetKeys set)
      : node_(node), source_(std::move(source)), key_(std::move(key)), set_(std::move(set)) {}
  YamlView child(const YAML::Node& node, std::string key) const {
    return {node, source_, std::move(key), set_};
  }
  std::string place(const YAML::Mark& mark, const std::string& key) const;

  YAML::Node node_;
  std::string source_;  // file name, as the user gave it
  std::string key_;     // dotted path from the root, empty at the root
  SetKeys set_;         // shared by all views of a document
};

/// Sets `path` ("reward.target_ms") in `root` to the YAML text `value`, making maps on the way.
/// Throws `kUsage` when the path runs through something that is not a map.
void set_by_path(YAML::Node& root, const std::string& path, const std::string& value);

/// Block-style YAML text of a node, ending in a newline.
std::string emit_yaml(const YAML::Node& node);

}  // namespace ridgeline
