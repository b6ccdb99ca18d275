#pragma once

#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/config_field.h"

namespace ridgeline {

/// Writes a described struct as YAML, without the keys that the chosen kind does not use. With
/// `annotate`, these stand there as comments ("#key: value"), and each key gets its kinds, meaning,
/// unit and range as a comment ("# meaning").
class ConfigWriter {
 public:
  explicit ConfigWriter(bool annotate, int indent = 0) : annotate_(annotate), indent_(indent) {}

  template <class T>
  void field(const char* name, T& value, const FieldInfo& info, const UsedBy& use = {}) {
    if (annotate_) comment(info, use, choices_of<T>());
    key(name, text_of(value), use);
  }

  template <class T>
  void section(const char* name, T& value, const char* help, const UsedBy& use = {}) {
    if (annotate_ && !text_.empty()) text_ += "\n";
    if (annotate_) comment({.help = help}, use, {});
    key(name, "", use);
    ConfigWriter inner(annotate_, indent_ + 2);
    inner.used_ = used_ && use.chosen;
    value.describe(inner);
    text_ += inner.text_;
  }

  template <class T>
  void part(T& value, const UsedBy& use) {
    const bool used = std::exchange(used_, used_ && use.chosen);
    const std::string kinds = std::exchange(kinds_, use.kinds);
    value.describe(*this);
    used_ = used;
    kinds_ = kinds;
  }

  const std::string& str() const { return text_; }
  /// The shortest text that reads back as the same number.
  static std::string plain_number(double value);

 private:
  /// A described struct on one line, as an item of a list: {name: value, ...}.
  class Inline {
   public:
    template <class T>
    void field(const char* name, T& value, const FieldInfo&, const UsedBy& use = {}) {
      if (used_ && use.chosen) parts_.push_back(std::string(name) + ": " + text_of(value));
    }
    template <class T>
    void section(const char* name, T& value, const char*, const UsedBy& use = {}) {
      field(name, value, {}, use);
    }
    template <class T>
    void part(T& value, const UsedBy& use) {
      const bool used = std::exchange(used_, used_ && use.chosen);
      value.describe(*this);
      used_ = used;
    }
    std::string str() const;

   private:
    std::vector<std::string> parts_;
    bool used_ = true;
  };

  template <class T>
  static std::vector<std::string> choices_of() {
    if constexpr (std::is_enum_v<T>) {
      return enum_choices<T>();
    } else if constexpr (requires { typename T::value_type; }) {
      return choices_of<typename T::value_type>();  // of the items
    } else {
      return {};
    }
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
  void comment(const FieldInfo& info, const UsedBy& use, const std::vector<std::string>& choices);
  void key(const char* name, const std::string& value, const UsedBy& use);

  bool annotate_;
  int indent_;
  bool used_ = true;   ///< whether the chosen kind uses what is being described
  std::string kinds_;  ///< of the part that is being described
  std::string text_;
};

}  // namespace ridgeline
