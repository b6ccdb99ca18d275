#include "calibration/csv.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>

#include "core/error.h"

namespace ridgeline {
namespace {

// zlib reads plain files through the same calls.
std::string read_maybe_compressed(const std::filesystem::path& path) {
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> file(gzopen(path.c_str(), "rb"), gzclose);
  if (!file || std::filesystem::is_directory(path)) {
    throw Error(ErrorKind::kIo, path.string() + ": cannot be read");
  }
  std::string text;
  std::array<char, 1 << 16> block;
  int count = 0;
  while ((count = gzread(file.get(), block.data(), block.size())) > 0) {
    text.append(block.data(), static_cast<size_t>(count));
  }
  if (count < 0) throw Error(ErrorKind::kData, path.string() + ": damaged gzip data");
  return text;
}

std::vector<std::string> split_fields(const std::string& line) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (c == '"') {
      const bool doubled = quoted && i + 1 < line.size() && line[i + 1] == '"';
      if (doubled) {
        fields.back() += line[++i];
      } else {
        quoted = !quoted;
      }
    } else if (c == ',' && !quoted) {
      fields.emplace_back();
    } else if (c != '\r') {
      fields.back() += c;
    }
  }
  return fields;
}

}  // namespace

CsvTable CsvTable::load(const std::filesystem::path& path) {
  return parse(read_maybe_compressed(path), path.string());
}

CsvTable CsvTable::parse(const std::string& text, const std::string& source) {
  CsvTable table;
  table.source_ = source;
  int line_number = 0;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string line = text.substr(begin, end - begin);
    begin = end + 1;
    ++line_number;
    if (line.empty() || line == "\r" || line.front() == '#') continue;
    auto fields = split_fields(line);
    if (table.header_.empty()) {
      table.header_ = std::move(fields);
      continue;
    }
    if (fields.size() != table.header_.size()) {
      throw Error(ErrorKind::kData, source + ":" + std::to_string(line_number) + ": " +
                                        std::to_string(fields.size()) + " fields, the header has " +
                                        std::to_string(table.header_.size()));
    }
    table.rows_.push_back({line_number, std::move(fields)});
  }
  if (table.header_.empty()) throw Error(ErrorKind::kData, source + ": empty, no header line");
  return table;
}

std::optional<size_t> CsvTable::find(const std::string& column) const {
  const auto found = std::find(header_.begin(), header_.end(), column);
  if (found == header_.end()) return std::nullopt;
  return static_cast<size_t>(found - header_.begin());
}

const std::string& CsvTable::text(size_t row, const std::string& column) const {
  if (const auto at = find(column)) return rows_[row].fields[*at];
  const std::string near = nearest_name(column, header_);
  throw Error(ErrorKind::kData, source_ + ": no column '" + column + "'" +
                                    (near.empty() ? "" : "; is it '" + near + "'?") +
                                    "; columns: " + join(header_));
}

double CsvTable::number(size_t row, const std::string& column) const {
  const std::string& field = text(row, column);
  double value = 0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
  if (error != std::errc() || end != field.data() + field.size()) {
    throw Error(ErrorKind::kData, where(row) + ": " + column + ": '" + field +
                                      "' is not a number (units belong into the column's name)");
  }
  return value;
}

std::string CsvTable::where(size_t row) const {
  return source_ + ":" + std::to_string(rows_[row].line);
}

}  // namespace ridgeline
