#pragma once

#include "core/config.h"

namespace ridgeline {

/// What the cells of a value column are.
enum class TableUnit { kFraction, kPercent, kMs, kSeconds, kImagesPerS };
template <>
struct EnumNames<TableUnit> {
  static constexpr std::array<std::pair<TableUnit, const char*>, 5> values{
      {{TableUnit::kFraction, "fraction"},
       {TableUnit::kPercent, "percent"},
       {TableUnit::kMs, "ms"},
       {TableUnit::kSeconds, "s"},
       {TableUnit::kImagesPerS, "images_per_s"}}};
};
inline bool is_accuracy(TableUnit unit) {
  return unit == TableUnit::kFraction || unit == TableUnit::kPercent;
}

/// What becomes of points that a table has no value for.
enum class MissingPoints { kRefuse, kFailTrial };
template <>
struct EnumNames<MissingPoints> {
  static constexpr std::array<std::pair<MissingPoints, const char*>, 2> values{
      {{MissingPoints::kRefuse, "refuse"}, {MissingPoints::kFailTrial, "fail_trial"}}};
};

/// One value column of a CSV file, by the decisions of a space of plain decisions.
struct TableConfig {
  std::string path = {};
  std::string value = {};
  TableUnit unit = TableUnit::kFraction;
  std::optional<std::vector<std::string>> keys = {};
  std::string digits = {};
  std::optional<std::vector<std::string>> digit_names = {};
  MissingPoints missing = MissingPoints::kRefuse;
  std::string split = {};
  std::string fitted = "train";
  std::string held_out = "val";

  template <class V>
  void describe(V& v) {
    v.field("path", path,
            {.help = "CSV file, plain or gzip-compressed, with column names in the first line"});
    v.field("value", value, {.help = "column with the values; an empty cell means no value"});
    v.field("unit", unit,
            {.help = "unit of the values. For accuracy: fraction, percent; for latency: ms, s, "
                     "images_per_s (at latency.batch)"});
    v.field("keys", keys,
            {.help = "decisions that identify a row; each has a column of the same name, or write "
                     "decision=column; ~: all decisions of the space"});
    v.field("digits", digits,
            {.help = "one column whose characters are the choices of `keys`, in that order; \"\": "
                     "each decision has its own column"});
    v.field(
        "digit_names", digit_names,
        {.help = "the choices that the digits 0, 1, ... stand for; ~: the digit is the choice"});
    v.field("missing", missing,
            {.help = "if the table lacks points of the space. refuse: the run stops at once "
                     "(checked for spaces of up to a million points); fail_trial: a trial of such "
                     "a point fails"});
    v.field("split", split,
            {.help = "kind surrogate: column that assigns rows to fitting or testing; \"\": every "
                     "tenth row is held out"});
    v.field("fitted", fitted,
            {.help = "kind surrogate: value of `split` for rows that are fitted"});
    v.field("held_out", held_out,
            {.help = "kind surrogate: value of `split` for rows that test the fit"});
  }
};

}  // namespace ridgeline
