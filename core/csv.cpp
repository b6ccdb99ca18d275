#include "core/csv.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

#include "core/error.h"
#include "core/gzip.h"

namespace ridgeline {
namespace {

[[noreturn]] void fail_csv(const std::string& where, const std::string& what) {
  throw Error(ErrorKind::kData, where + ": " + what);
}

/// The quoted cell that begins at `at`, which moves behind its closing quote.
std::string quoted_cell(std::string_view line, size_t& at, const std::string& where) {
  std::string cell;
  for (++at; at < line.size(); ++at) {
    if (line[at] != '"') {
      cell += line[at];
    } else if (at + 1 < line.size() && line[at + 1] == '"') {
      cell += line[at++];
    } else {
      ++at;
      return cell;
    }
  }
  fail_csv(where, "a quoted cell has no closing quote on its line");
}

std::vector<std::string> split(std::string_view line, const std::string& where) {
  std::vector<std::string> cells;
  for (size_t at = 0;; ++at) {
    if (at < line.size() && line[at] == '"') {
      cells.push_back(quoted_cell(line, at, where));
      if (at < line.size() && line[at] != ',') fail_csv(where, "text after a closing quote");
    } else {
      const size_t end = std::min(line.find(',', at), line.size());
      cells.emplace_back(line.substr(at, end - at));
      at = end;
    }
    if (at >= line.size()) return cells;
  }
}

void check_columns(const std::vector<std::string>& columns, const std::string& source) {
  std::set<std::string> seen;
  for (const auto& name : columns) {
    if (!seen.insert(name).second) fail_csv(source, "two columns are named '" + name + "'");
  }
}

}  // namespace

CsvTable CsvTable::load(const std::filesystem::path& path) {
  return parse(read_maybe_gzip(path), path.string());
}

CsvTable CsvTable::parse(const std::string& text, const std::string& source) {
  CsvTable table;
  table.source_ = source;
  size_t number = 0;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    table.add_line(std::string_view(text).substr(begin, end - begin), ++number);
    begin = end + 1;
  }
  if (table.columns_.empty()) fail_csv(source, "empty; expected a first line of column names");
  return table;
}

void CsvTable::add_line(std::string_view line, size_t number) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.empty() || line.front() == '#') return;
  const std::string where = source_ + ":" + std::to_string(number);
  auto cells = split(line, where);
  if (columns_.empty()) {
    columns_ = std::move(cells);
    check_columns(columns_, source_);
  } else if (cells.size() != columns_.size()) {
    fail_csv(where, std::to_string(cells.size()) + " cells where " +
                        std::to_string(columns_.size()) + " columns are named");
  } else {
    rows_.push_back({number, std::move(cells)});
  }
}

bool CsvTable::has(const std::string& column) const {
  return std::find(columns_.begin(), columns_.end(), column) != columns_.end();
}

size_t CsvTable::column(const std::string& name) const {
  const auto found = std::find(columns_.begin(), columns_.end(), name);
  if (found != columns_.end()) return static_cast<size_t>(found - columns_.begin());
  const std::string near = nearest_name(name, columns_);
  fail_csv(source_,
           "no column '" + name + "'; " +
               (near.empty() ? "columns: " + join(columns_) : "did you mean '" + near + "'?"));
}

const std::string& CsvTable::text(size_t row, const std::string& name) const {
  return text(row, column(name));
}

double CsvTable::number(size_t row, size_t column) const {
  const std::string& cell = text(row, column);
  double value = 0;
  const auto result = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  if (result.ec == std::errc() && result.ptr == cell.data() + cell.size() && std::isfinite(value)) {
    return value;
  }
  fail_csv(where(row), columns_[column] + ": '" + cell +
                           "' is no finite number (units belong into the column's name)");
}

double CsvTable::number(size_t row, const std::string& name) const {
  return number(row, column(name));
}

std::string CsvTable::where(size_t row) const {
  return source_ + ":" + std::to_string(rows_[row].line);
}

}  // namespace ridgeline
