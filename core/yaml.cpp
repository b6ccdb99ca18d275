#include "core/yaml.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "core/file.h"

namespace ridgeline {
namespace {

std::string location(const std::string& source, const YAML::Mark& mark) {
  if (mark.is_null()) return source;
  return source + ":" + std::to_string(mark.line + 1) + ":" + std::to_string(mark.column + 1);
}

// yaml-cpp keeps the first of two equal keys without a word.
void refuse_duplicate_keys(const YAML::Node& node, const std::string& source) {
  if (node.IsMap()) {
    std::set<std::string> seen;
    for (const auto& entry : node) {
      if (!entry.first.IsScalar()) {
        throw Error(ErrorKind::kConfig,
                    location(source, entry.first.Mark()) + ": a key must be a plain word");
      }
      if (!seen.insert(entry.first.Scalar()).second) {
        throw Error(ErrorKind::kConfig, location(source, entry.first.Mark()) + ": " +
                                            entry.first.Scalar() + ": key given twice");
      }
      refuse_duplicate_keys(entry.second, source);
    }
  } else if (node.IsSequence()) {
    for (const auto& item : node) refuse_duplicate_keys(item, source);
  }
}

template <class T>
bool parse_number(const std::string& text, T& value) {
  const char* begin = text.data();
  const char* end = begin + text.size();
  if (begin != end && *begin == '+') ++begin;
  const auto result = std::from_chars(begin, end, value);
  return result.ec == std::errc() && result.ptr == end;
}

}  // namespace

YamlView YamlView::load_file(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) {
    throw Error(ErrorKind::kConfig, path.string() + ": no such file");
  }
  return parse(read_file(path), path.string());
}

YamlView YamlView::parse(const std::string& text, const std::string& source) {
  YAML::Node node;
  try {
    node = YAML::Load(text);
  } catch (const YAML::Exception& e) {
    throw Error(ErrorKind::kConfig, location(source, e.mark) + ": not valid YAML: " + e.msg);
  }
  if (!node || node.IsNull()) throw Error(ErrorKind::kConfig, source + ": the file is empty");
  refuse_duplicate_keys(node, source);
  return wrap(node, source);
}

YamlView YamlView::wrap(const YAML::Node& node, const std::string& source) {
  return {node, source, ""};
}

std::string YamlView::where() const {
  return location(source_, node_.Mark()) + (key_.empty() ? "" : ": " + key_);
}

void YamlView::fail(const std::string& what) const {
  throw Error(ErrorKind::kConfig, where() + ": " + what);
}

std::string YamlView::child_key(const std::string& key) const {
  return key_.empty() ? key : key_ + "." + key;
}

bool YamlView::has(const std::string& key) const { return find(key).has_value(); }

std::optional<YamlView> YamlView::find(const std::string& key) const {
  if (!is_map()) fail("must be a map");
  const YAML::Node child = node_[key];
  if (!child) return std::nullopt;
  return YamlView(child, source_, child_key(key));
}

YamlView YamlView::at(const std::string& key) const {
  if (auto child = find(key)) return *child;
  fail("the key '" + key + "' is missing");
}

std::vector<YamlView> YamlView::items() const {
  if (!is_list()) fail("must be a list, such as [a, b]");
  if (node_.size() == 0) fail("the list is empty; give at least one value");
  std::vector<YamlView> views;
  size_t index = 0;
  for (const auto& item : node_) {
    views.push_back(YamlView(item, source_, key_ + "[" + std::to_string(index++) + "]"));
  }
  return views;
}

std::vector<std::pair<std::string, YamlView>> YamlView::entries() const {
  if (!is_map()) fail("must be a map");
  std::vector<std::pair<std::string, YamlView>> views;
  for (const auto& entry : node_) {
    const std::string key = entry.first.Scalar();
    views.emplace_back(key, YamlView(entry.second, source_, child_key(key)));
  }
  return views;
}

bool YamlView::as_bool() const {
  if (is_scalar() && node_.Scalar() == "true") return true;
  if (is_scalar() && node_.Scalar() == "false") return false;
  fail("must be true or false" + (is_scalar() ? ", not '" + node_.Scalar() + "'" : ""));
}

int64_t YamlView::as_int() const {
  int64_t value = 0;
  if (!is_scalar() || !parse_number(node_.Scalar(), value)) {
    fail("must be a whole number" + (is_scalar() ? ", not '" + node_.Scalar() + "'" : ""));
  }
  return value;
}

double YamlView::as_double() const {
  double value = 0;
  if (!is_scalar() || !parse_number(node_.Scalar(), value)) {
    fail("must be a number without a unit" + (is_scalar() ? ", not '" + node_.Scalar() + "'" : ""));
  }
  return value;
}

std::string YamlView::as_string() const {
  if (!is_scalar()) fail("must be a word or a text");
  return node_.Scalar();
}

void YamlView::refuse_unknown(const std::vector<std::string>& known) const {
  if (!is_map()) fail("must be a map");
  for (const auto& entry : node_) {
    const std::string key = entry.first.Scalar();
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    const std::string near = nearest_name(key, known);
    const std::string at = location(source_, entry.first.Mark());
    throw Error(ErrorKind::kConfig, at + ": " + child_key(key) + ": unknown key" +
                                        (near.empty() ? "" : "; did you mean '" + near + "'?") +
                                        " valid: " + join(known));
  }
}

void set_by_path(YAML::Node& root, const std::string& path, const std::string& value) {
  YAML::Node parsed;
  try {
    parsed = YAML::Load(value);
  } catch (const YAML::Exception& e) {
    throw Error(ErrorKind::kUsage, "--set " + path + ": not valid YAML: " + e.msg);
  }
  YAML::Node node = root;
  size_t begin = 0;
  while (true) {
    const size_t dot = path.find('.', begin);
    const std::string key = path.substr(begin, dot - begin);
    if (key.empty()) {
      throw Error(
          ErrorKind::kUsage,
          "--set " + path + ": expected key=value with a dotted key, such as reward.target_ms=5");
    }
    if (node && !node.IsMap() && !node.IsNull()) {
      throw Error(ErrorKind::kUsage, "--set " + path + ": '" +
                                         path.substr(0, begin ? begin - 1 : 0) + "' holds no keys");
    }
    if (dot == std::string::npos) {
      node[key] = parsed;
      return;
    }
    if (!node[key]) node[key] = YAML::Node(YAML::NodeType::Map);
    node.reset(node[key]);
    begin = dot + 1;
  }
}

std::string emit_yaml(const YAML::Node& node) {
  YAML::Emitter out;
  out << node;
  return std::string(out.c_str()) + "\n";
}

}  // namespace ridgeline
