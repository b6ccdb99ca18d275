#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/enum_names.h"
#include "surrogate/fit.h"

namespace ridgeline {

enum class AccuracyUnit { kFraction, kPercent };
template <>
struct EnumNames<AccuracyUnit> {
  static constexpr std::array<std::pair<AccuracyUnit, const char*>, 2> values{
      {{AccuracyUnit::kFraction, "fraction"}, {AccuracyUnit::kPercent, "percent"}}};
};

/// Which column of a table says what.
struct CsvRowsOptions {
  std::string table;    ///< CSV file, gzip or not
  std::string space;    ///< name or file
  std::string columns;  ///< YAML file (docs/surrogates.md); empty: named as decisions
  std::string target;   ///< column with the accuracies
  AccuracyUnit unit = AccuracyUnit::kFraction;
  std::vector<std::string> where;  ///< "column=value": other rows are skipped
};

/// The table's trained networks. Rows without a target, rows that `where` leaves out, and rows with
/// a choice that the space does not offer are skipped and counted. Throws `kConfig` for a space or
/// columns file that makes no sense, `kData` for a missing column and, with the line, an accuracy
/// that is no number or lies outside 0 to 1 (100 %).
SurrogateData read_csv_rows(const CsvRowsOptions& options);

}  // namespace ridgeline
