#pragma once

#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/config_field.h"
#include "core/yaml.h"

namespace ridgeline {

/// Reads a described struct. What the chosen kind does not use is checked but changes nothing.
class ConfigReader {
 public:
  /// `unused` receives a message, with its place, for each key that the chosen kind does not use.
  explicit ConfigReader(const YamlView& view, std::vector<std::string>* unused = nullptr)
      : view_(view), unused_(unused) {
    if (!view.is_map()) view.fail("must be a map of settings");
  }

  template <class T>
  void field(const char* name, T& value, const FieldInfo& info, const UsedBy& use = {}) {
    const auto child = claim(name);
    if (!child) return;
    if (is_used(*child, name, use)) return read(*child, value, info, unused_);
    T ignored = value;
    read(*child, ignored, info);
  }

  template <class T>
  void section(const char* name, T& value, const char*, const UsedBy& use = {}) {
    field(name, value, {}, use);
  }

  template <class T>
  void part(T& value, const UsedBy& use) {
    if (use.chosen) return value.describe(*this);
    const UsedBy* outer = std::exchange(unused_part_, unused_part_ ? unused_part_ : &use);
    T ignored = value;
    ignored.describe(*this);
    unused_part_ = outer;
  }

  /// Fails on keys that no field claimed.
  void finish() const { view_.refuse_unknown(known_); }

  /// One value of any described type, checked against `info`'s range.
  template <class T>
  static void read(const YamlView& view, T& value, const FieldInfo& info,
                   std::vector<std::string>* unused = nullptr) {
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
      value = static_cast<T>(number(view, info));
    } else if constexpr (std::is_same_v<T, std::string>) {
      value = view.as_string();
    } else if constexpr (requires(ConfigReader & reader) { value.describe(reader); }) {
      ConfigReader reader(view, unused);  // a section, or an item of a list
      value.describe(reader);
      reader.finish();
    } else {
      read_container(view, value, info, unused);
    }
  }

 private:
  template <class T>
  static void read_container(const YamlView& view, std::vector<T>& values, const FieldInfo& info,
                             std::vector<std::string>* unused) {
    values.clear();
    for (const auto& item : view.items()) {
      values.emplace_back();
      read(item, values.back(), info, unused);
    }
  }
  template <class T>
  static void read_container(const YamlView& view, std::optional<T>& value, const FieldInfo& info,
                             std::vector<std::string>* unused) {
    if (view.is_null()) {
      value.reset();
      return;
    }
    T inner{};
    read(view, inner, info, unused);
    value = inner;
  }
  /// With or without its unit ("0.3ms"), checked against the range.
  static double number(const YamlView& view, const FieldInfo& info);
  static void check_range(const YamlView& view, double number, const FieldInfo& info);
  /// What stands under a key that a field describes, if anything.
  std::optional<YamlView> claim(const char* name);
  /// Reports a key that is not used, unless its value is `~`, which stands for no value.
  bool is_used(const YamlView& child, const char* name, const UsedBy& use) const;

  const YamlView& view_;
  std::vector<std::string>* unused_;
  const UsedBy* unused_part_ = nullptr;  ///< the outermost one that is being described
  std::vector<std::string> known_;
};

}  // namespace ridgeline
