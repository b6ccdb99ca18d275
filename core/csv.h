#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace ridgeline {

/// A table of texts under named columns, read from comma-separated values, gzip or not. A cell may
/// stand in double quotes, with "" for a quote; it may not contain a line end. Empty lines and
/// lines that begin with # are passed over.
class CsvTable {
 public:
  /// Throws `kData` with the file and line for a file that cannot be read or has no columns, a
  /// column named twice, or a row of another length.
  static CsvTable load(const std::filesystem::path& path);
  static CsvTable parse(const std::string& text, const std::string& source);

  const std::string& source() const { return source_; }
  const std::vector<std::string>& columns() const { return columns_; }
  size_t rows() const { return rows_.size(); }
  bool has(const std::string& column) const;
  /// Throws `kData` naming the nearest column, or all of them.
  size_t column(const std::string& name) const;

  const std::string& text(size_t row, size_t column) const { return rows_[row].cells[column]; }
  const std::string& text(size_t row, const std::string& column) const;
  /// A cell as a finite number. Throws `kData` with file, line and column for any other text.
  double number(size_t row, size_t column) const;
  double number(size_t row, const std::string& column) const;
  /// "file:line" of a row.
  std::string where(size_t row) const;

 private:
  struct Row {
    size_t line;
    std::vector<std::string> cells;
  };
  void add_line(std::string_view line, size_t number);

  std::string source_;
  std::vector<std::string> columns_;
  std::vector<Row> rows_;
};

}  // namespace ridgeline
