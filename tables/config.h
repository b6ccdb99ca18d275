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
    v.field("path", path, {.help = "CSV file, gzip or not, whose first line names the columns"});
    v.field("value", value, {.help = "column of the values; an empty cell is no value"});
    v.field("unit", unit,
            {.help = "of the values; accuracy: fraction, percent; latency: ms, s, images_per_s (at "
                     "latency.batch)"});
    v.field("keys", keys,
            {.help = "decisions that tell rows apart, each with a column of its name, or as "
                     "decision=column; ~: all decisions of the space"});
    v.field("digits", digits,
            {.help = "column whose characters are the choices of `keys`, in that order; \"\": each "
                     "decision has its own column"});
    v.field("digit_names", digit_names,
            {.help = "the choices that the digits 0, 1, ... stand for; ~: a choice is its digit"});
    v.field(
        "missing", missing,
        {.help = "refuse: a table that lacks points of the space (of up to a million) stops the "
                 "run at once; fail_trial: such a trial fails"});
    v.field("split", split,
            {.help = "kind surrogate: column that says what a row is for; \"\": every tenth row is "
                     "held out"});
    v.field("fitted", fitted, {.help = "kind surrogate: text in `split` of the rows to fit"});
    v.field("held_out", held_out,
            {.help = "kind surrogate: text in `split` of the rows that tell how good the fit is"});
  }
};

}  // namespace ridgeline
