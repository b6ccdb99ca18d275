#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace ridgeline {

/// A table of texts under named columns; every row has a cell for each column.
struct CsvTable {
  std::string source;  ///< for messages: the file
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;

  /// The index of column `name`. Throws `kData` naming the nearest column, or all of them.
  size_t column(const std::string& name) const;
  /// A cell as a finite number. Throws `kData` with file, row and column for any other text.
  double number(size_t row, size_t column) const;
};

/// Reads comma-separated values, gzip or not, whose first line names the columns. A cell may stand
/// in double quotes, with "" for a quote; it may not contain a line end. Throws `kData` with the
/// file and line for a file without columns, a column named twice, or a row of another length.
CsvTable read_csv(const std::filesystem::path& path);

}  // namespace ridgeline
