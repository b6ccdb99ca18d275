#include "core/yaml.h"

#include <yaml-cpp/eventhandler.h>

#include <yaml-cpp/depthguard.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <sstream>

#include "core/file.h"

namespace ridgeline {
namespace {

std::string location(const std::string& source, const YAML::Mark& mark) {
  if (mark.is_null()) return source;
  return source + ":" + std::to_string(mark.line + 1) + ":" + std::to_string(mark.column + 1);
}

constexpr uintmax_t kMostBytes = 32 << 20;  // of a file

/// Counts the values of a text while it is parsed, before anything is made of them.
class ValueCounter : public YAML::EventHandler {
 public:
  explicit ValueCounter(const std::string& source) : source_(source) {}
  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { count(mark); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { count(mark); }
  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                const std::string&) override {
    count(mark);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    count(mark);
  }
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    count(mark);
  }
  void OnMapEnd() override {}

 private:
  static constexpr int kMostWritten = 200000;

  void count(const YAML::Mark& mark) {
    if (++values_ <= kMostWritten) return;
    throw Error(ErrorKind::kConfig, location(source_, mark) + ": more than " +
                                        std::to_string(kMostWritten) + " keys and values");
  }

  const std::string& source_;
  int values_ = 0;
};

void count_values(const std::string& text, const std::string& source) {
  std::istringstream in(text);
  YAML::Parser parser(in);
  ValueCounter counter(source);
  while (parser.HandleNextDocument(counter)) {
  }
}

/// Walks a whole document and refuses what yaml-cpp lets pass: the first of two equal keys would
/// win without a word, and aliases may contain themselves or multiply without end.
class DocumentCheck {
 public:
  explicit DocumentCheck(const std::string& source) : source_(source) {}

  void visit(const YAML::Node& node, int depth = 0) {
    if (depth > kDeepest) {
      fail(node, "nested deeper than " + std::to_string(kDeepest) +
                     " levels; an alias may not contain itself");
    }
    if (++values_ > kMostValues) {
      fail(node, "more than " + std::to_string(kMostValues) + " values, aliases counted in full");
    }
    if (node.IsMap()) {
      visit_map(node, depth);
    } else if (node.IsSequence()) {
      for (const auto& item : node) visit(item, depth + 1);
    }
  }

 private:
  static constexpr int kDeepest = 64;
  static constexpr int kMostValues = 1000000;

  [[noreturn]] void fail(const YAML::Node& node, const std::string& what) const {
    throw Error(ErrorKind::kConfig, location(source_, node.Mark()) + ": " + what);
  }

  void visit_map(const YAML::Node& map, int depth) {
    std::set<std::string> seen;
    for (const auto& entry : map) {
      if (!entry.first.IsScalar()) fail(entry.first, "a key must be a plain word");
      const std::string& key = entry.first.Scalar();
      if (!seen.insert(key).second) fail(entry.first, key + ": key given twice");
      visit(entry.second, depth + 1);
    }
  }

  const std::string& source_;
  int values_ = 0;
};

template <class T>
bool parse_number(const std::string& text, T& value) {
  const char* begin = text.data();
  const char* end = begin + text.size();
  if (end - begin > 1 && begin[0] == '+' && begin[1] != '-') ++begin;
  const auto result = std::from_chars(begin, end, value);
  return result.ec == std::errc() && result.ptr == end;
}

}  // namespace

YamlView YamlView::load_file(const std::filesystem::path& path) {
  std::error_code error;
  if (const std::string other = other_than_file(path); !other.empty())
    throw Error(ErrorKind::kConfig, path.string() + ": is " + other + "; expected a YAML file");
  if (!std::filesystem::exists(path, error))
    throw Error(ErrorKind::kConfig, path.string() + ": no such file");
  if (const auto bytes = std::filesystem::file_size(path, error); !error && bytes > kMostBytes) {
    throw Error(ErrorKind::kConfig, path.string() + ": has " + std::to_string(bytes) +
                                        " bytes; a YAML file of ours has at most " +
                                        std::to_string(kMostBytes));
  }
  return parse(read_file(path), path.string());
}

YamlView YamlView::parse(const std::string& text, const std::string& source) {
  std::vector<YAML::Node> documents;
  try {
    count_values(text, source);
    documents = YAML::LoadAll(text);
  } catch (const YAML::DeepRecursion& e) {
    throw Error(ErrorKind::kConfig, location(source, e.mark) + ": nested too deep");
  } catch (const YAML::Exception& e) {
    throw Error(ErrorKind::kConfig, location(source, e.mark) + ": not valid YAML: " + e.msg);
  }
  if (documents.size() > 1) {
    throw Error(ErrorKind::kConfig,
                location(source, documents[1].Mark()) + ": a second document; a file holds one");
  }
  const YAML::Node node = documents.empty() ? YAML::Node() : documents[0];
  if (!node || node.IsNull()) throw Error(ErrorKind::kConfig, source + ": the file is empty");
  DocumentCheck(source).visit(node);
  return wrap(node, source);
}

YamlView YamlView::word(const std::string& text, const std::string& source) {
  return wrap(YAML::Node(text), source);
}

YamlView YamlView::wrap(const YAML::Node& node, const std::string& source,
                        std::vector<std::string> set) {
  return {node, source, "", std::make_shared<const std::vector<std::string>>(std::move(set))};
}

std::string YamlView::place(const YAML::Mark& mark, const std::string& key) const {
  for (const auto& set : *set_) {
    if (key == set) return "--set " + set;
    if (key.starts_with(set) && (key[set.size()] == '.' || key[set.size()] == '['))
      return "--set " + set + ": " + key;
    if (mark.is_null() && set.starts_with(key + ".")) return "--set " + set + ": " + key;
  }
  return location(source_, mark) + (key.empty() ? "" : ": " + key);
}

std::string YamlView::where() const { return place(node_.Mark(), key_); }

std::string YamlView::where(const std::string& key) const {
  YAML::Mark mark = YAML::Mark::null_mark();
  for (const auto& entry : node_) {
    if (entry.first.Scalar() == key) mark = entry.first.Mark();
  }
  return place(mark, child_key(key));
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
  const YAML::Node found = node_[key];
  if (!found) return std::nullopt;
  return child(found, child_key(key));
}

YamlView YamlView::at(const std::string& key) const {
  if (auto found = find(key)) return *found;
  fail("the key '" + key + "' is missing");
}

std::vector<YamlView> YamlView::items() const {
  if (!is_list()) fail("must be a list, such as [a, b]");
  if (node_.size() == 0) fail("the list is empty; give at least one value");
  std::vector<YamlView> views;
  size_t index = 0;
  for (const auto& item : node_) {
    views.push_back(child(item, key_ + "[" + std::to_string(index++) + "]"));
  }
  return views;
}

std::vector<std::pair<std::string, YamlView>> YamlView::entries() const {
  if (!is_map()) fail("must be a map");
  std::vector<std::pair<std::string, YamlView>> views;
  for (const auto& entry : node_) {
    const std::string key = entry.first.Scalar();
    views.emplace_back(key, child(entry.second, child_key(key)));
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
    throw Error(ErrorKind::kConfig, place(entry.first.Mark(), child_key(key)) + ": unknown key" +
                                        (near.empty() ? ";" : "; did you mean '" + near + "'?") +
                                        " valid: " + join(known));
  }
}

void set_by_path(YAML::Node& root, const std::string& path, const std::string& value) {
  const std::string source = "--set " + path;
  YAML::Node parsed;
  try {
    count_values(value, source);
    parsed = YAML::Load(value);
  } catch (const YAML::Exception& e) {
    throw Error(ErrorKind::kUsage, source + ": not valid YAML: " + e.msg);
  }
  DocumentCheck(source).visit(parsed);
  if (path.empty() || path.front() == '.' || path.back() == '.' ||
      path.find("..") != std::string::npos) {
    throw Error(ErrorKind::kUsage,
                source + ": expected key=value with a dotted key, such as reward.target_ms=5");
  }
  YAML::Node node = root;
  for (size_t begin = 0;;) {
    const size_t dot = path.find('.', begin);
    const std::string key = path.substr(begin, dot - begin);
    if (node && !node.IsMap() && !node.IsNull()) {
      throw Error(ErrorKind::kUsage,
                  source + ": '" + path.substr(0, begin ? begin - 1 : 0) + "' holds no keys");
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
