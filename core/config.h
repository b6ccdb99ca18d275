#pragma once

#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/yaml.h"

namespace ridgeline {

/// What is known of one configuration field besides its name and default.
struct FieldInfo {
  const char* help = "";                                  ///< meaning, one line
  const char* unit = "";                                  ///< "ms", "epochs", ...
  double min = -std::numeric_limits<double>::infinity();  ///< smallest valid number
  double max = std::numeric_limits<double>::infinity();   ///< largest valid number
};

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

/// Every configuration struct has one `template <class V> void describe(V& v)` that calls
/// `v.field("name", member, {...})` per field and `v.section("name", member, "help")` per nested
/// struct. Reading, writing and the annotated reference are three visitors of that one description.
class ConfigReader {
 public:
  explicit ConfigReader(const YamlView& view) : view_(view) {
    if (!view.is_map()) view.fail("must be a map of settings");
  }

  template <class T>
  void field(const char* name, T& value, const FieldInfo& info) {
    if (const auto child = claim(name)) read(*child, value, info);
  }

  template <class T>
  void section(const char* name, T& value, const char*) {
    if (const auto child = claim(name)) {
      ConfigReader reader(*child);
      value.describe(reader);
      reader.finish();
    }
  }

  /// Fails on keys that no field claimed.
  void finish() const { view_.refuse_unknown(known_); }

  /// One value of any described type, checked against `info`'s range.
  template <class T>
  static void read(const YamlView& view, T& value, const FieldInfo& info) {
    if constexpr (std::is_same_v<T, bool>) {
      value = view.as_bool();
    } else if constexpr (std::is_enum_v<T>) {
      value = enum_from_yaml<T>(view);
    } else if constexpr (std::is_integral_v<T>) {
      const int64_t number = view.as_int();
      check_range(view, static_cast<double>(number), info);
      if (!std::in_range<T>(number)) {
        view.fail("out of range: " + std::to_string(number) + "; valid: from " +
                  std::to_string(std::numeric_limits<T>::min()) + " to " +
                  std::to_string(std::numeric_limits<T>::max()));
      }
      value = static_cast<T>(number);
    } else if constexpr (std::is_floating_point_v<T>) {
      value = view.as_double();
      check_range(view, value, info);
    } else if constexpr (std::is_same_v<T, std::string>) {
      value = view.as_string();
    } else if constexpr (requires(ConfigReader & reader) { value.describe(reader); }) {
      ConfigReader reader(view);  // an item of a list
      value.describe(reader);
      reader.finish();
    } else {
      read_container(view, value, info);
    }
  }

 private:
  template <class T>
  static void read_container(const YamlView& view, std::vector<T>& values, const FieldInfo& info) {
    values.clear();
    for (const auto& item : view.items()) {
      T value{};
      read(item, value, info);
      values.push_back(value);
    }
  }
  template <class T>
  static void read_container(const YamlView& view, std::optional<T>& value, const FieldInfo& info) {
    if (view.is_null()) {
      value.reset();
      return;
    }
    T inner{};
    read(view, inner, info);
    value = inner;
  }
  static void check_range(const YamlView& view, double number, const FieldInfo& info);
  /// What stands under a key that a field describes, if anything.
  std::optional<YamlView> claim(const char* name);

  const YamlView& view_;
  std::vector<std::string> known_;
};

/// Writes a described struct as YAML. With `annotate`, each field gets its meaning, unit and range
/// as a comment.
class ConfigWriter {
 public:
  explicit ConfigWriter(bool annotate, int indent = 0) : annotate_(annotate), indent_(indent) {}

  template <class T>
  void field(const char* name, T& value, const FieldInfo& info) {
    line(name, text_of(value), info, choices_of(value));
  }

  template <class T>
  void section(const char* name, T& value, const char* help) {
    open_section(name, help);
    ConfigWriter inner(annotate_, indent_ + 2);
    value.describe(inner);
    text_ += inner.text_;
  }

  const std::string& str() const { return text_; }
  /// The shortest text that reads back as the same number.
  static std::string plain_number(double value);

 private:
  /// A described struct on one line, as an item of a list: {name: value, ...}.
  class Inline {
   public:
    template <class T>
    void field(const char* name, T& value, const FieldInfo&) {
      add(name, text_of(value));
    }
    template <class T>
    void section(const char* name, T& value, const char*) {
      add(name, text_of(value));
    }
    std::string str() const { return "{" + join(parts_) + "}"; }

   private:
    void add(const char* name, const std::string& value);
    std::vector<std::string> parts_;
  };

  template <class T>
  static std::vector<std::string> choices_of(const T&) {
    if constexpr (std::is_enum_v<T>) return enum_choices<T>();
    return {};
  }
  template <class T>
  static std::vector<std::string> choices_of(const std::vector<T>&) {
    return choices_of(T{});
  }
  template <class T>
  static std::vector<std::string> choices_of(const std::optional<T>&) {
    return choices_of(T{});
  }
  template <class T>
  static std::string text_of(const T& value) {
    if constexpr (std::is_same_v<T, bool>) {
      return value ? "true" : "false";
    } else if constexpr (std::is_enum_v<T>) {
      return enum_name(value);
    } else if constexpr (std::is_integral_v<T>) {
      return std::to_string(value);
    } else if constexpr (std::is_floating_point_v<T>) {
      return number_text(value);
    } else if constexpr (std::is_same_v<T, std::string>) {
      return quoted(value);
    } else if constexpr (requires(Inline & writer, T item) { item.describe(writer); }) {
      Inline writer;
      T(value).describe(writer);
      return writer.str();
    } else {
      return container_text(value);
    }
  }
  template <class T>
  static std::string container_text(const std::vector<T>& values) {
    std::vector<std::string> parts;
    for (const auto& value : values) parts.push_back(text_of(value));
    return "[" + join(parts) + "]";
  }
  template <class T>
  static std::string container_text(const std::optional<T>& value) {
    return value ? text_of(*value) : "~";
  }
  static std::string number_text(double value);
  static std::string quoted(const std::string& value);
  void line(const char* name, const std::string& value, const FieldInfo& info,
            const std::vector<std::string>& choices);
  void open_section(const char* name, const char* help);

  bool annotate_;
  int indent_;
  std::string text_;
};

/// Reads `T` from a map; keys that are absent keep their defaults, unknown keys fail.
template <class T>
T read_config(const YamlView& view) {
  T config;
  ConfigReader reader(view);
  config.describe(reader);
  reader.finish();
  return config;
}

/// The struct as YAML text; `annotate` adds the comments of the reference file.
template <class T>
std::string write_config(T config, bool annotate = false) {
  ConfigWriter writer(annotate);
  config.describe(writer);
  return writer.str();
}

}  // namespace ridgeline
