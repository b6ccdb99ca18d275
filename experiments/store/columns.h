#pragma once

#include <cmath>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "core/error.h"
#include "experiments/store/sqlite.h"
#include "experiments/store/trial.h"

namespace ridgeline {

// How the fields of a struct become the values of a row, and back.

std::string text_of(const std::string& text);
std::string text_of(const Genotype& genotype);
/// YAML; empty for an architecture without stages and decisions, which was not read.
std::string text_of(const Architecture& architecture);
/// "tpu_v3=8.125 v100=20.5", milliseconds; the names hold neither space nor sign (config.cpp).
std::string text_of(const std::vector<FurtherLatency>& latencies);
/// "ALPHA BETA GAMMA", or empty.
std::string text_of(const std::optional<CompoundCoefficients>& coefficients);

// The reverse, of a field that is empty before. They throw for other text.
void read_text(const std::string& text, std::string& field);
void read_text(const std::string& text, Genotype& genotype);
void read_text(const std::string& text, Architecture& architecture);
void read_text(const std::string& text, std::vector<FurtherLatency>& latencies);
void read_text(const std::string& text, std::optional<CompoundCoefficients>& coefficients);

template <class E>
E enum_from_text(const std::string& text) {
  for (const auto& [value, name] : EnumNames<E>::values) {
    if (text == name) return value;
  }
  throw Error(ErrorKind::kRun, "it holds the unknown word '" + text + "'");
}

/// A number that is not finite is stored as 0.
template <class F>
SqlValue to_value(const F& field) {
  if constexpr (std::is_enum_v<F>) {
    return enum_name(field);
  } else if constexpr (std::is_same_v<F, uint64_t>) {
    return field;
  } else if constexpr (std::is_integral_v<F>) {
    return int64_t{field};
  } else if constexpr (std::is_floating_point_v<F>) {
    return std::isfinite(field) ? field : 0.0;
  } else {
    return text_of(field);
  }
}

/// What a damaged row holds in place of a `V` is read as an empty one.
template <class V>
V held(const SqlValue& value) {
  const auto* found = std::get_if<V>(&value);
  return found != nullptr ? *found : V();
}

template <class F>
void from_value(const SqlValue& value, F& field) {
  if constexpr (std::is_enum_v<F>) {
    field = enum_from_text<F>(held<std::string>(value));
  } else if constexpr (std::is_integral_v<F>) {
    field = static_cast<F>(held<int64_t>(value));
  } else if constexpr (std::is_floating_point_v<F>) {
    field = held<double>(value);
  } else {
    read_text(held<std::string>(value), field);
  }
}

/// A column of the rows that hold a `T`.
template <class T>
struct Column {
  const char* name;
  SqlValue (*get)(const T&);
  void (*set)(T&, const SqlValue&);
};

/// `path`: a member of `T`, a member of that, and so on.
template <class T, auto... path>
Column<T> column(const char* name) {
  return {name, [](const T& row) { return to_value((row.*....*path)); },
          [](T& row, const SqlValue& value) { from_value(value, (row.*....*path)); }};
}

template <class T>
std::string names_of(const std::vector<Column<T>>& columns) {
  std::vector<std::string> names;
  for (const auto& one : columns) names.emplace_back(one.name);
  return join(names);
}

template <class T>
std::vector<SqlValue> values_of(const std::vector<Column<T>>& columns, const T& row) {
  std::vector<SqlValue> values;
  for (const auto& one : columns) values.push_back(one.get(row));
  return values;
}

}  // namespace ridgeline
