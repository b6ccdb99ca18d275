#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace ridgeline {

/// A table of text with a header line, read from a CSV file, gzip'ed or plain.
class CsvTable {
 public:
  /// Throws `kIo` for a file that cannot be read, `kData` for one without header or with a row of
  /// another number of fields, naming the line.
  static CsvTable load(const std::filesystem::path& path);
  static CsvTable parse(const std::string& text, const std::string& source);

  const std::string& source() const { return source_; }
  const std::vector<std::string>& header() const { return header_; }
  size_t rows() const { return rows_.size(); }
  bool has(const std::string& column) const { return find(column).has_value(); }
  std::optional<size_t> find(const std::string& column) const;

  /// Throws `kData` for a column that is not there, naming those that are.
  const std::string& text(size_t row, const std::string& column) const;
  /// The field as a number. Throws `kData` with file and line where it is none.
  double number(size_t row, const std::string& column) const;
  /// "file:line" of a row.
  std::string where(size_t row) const;

 private:
  struct Row {
    int line;
    std::vector<std::string> fields;
  };
  std::string source_;
  std::vector<std::string> header_;
  std::vector<Row> rows_;
};

}  // namespace ridgeline
