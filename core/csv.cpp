#include "core/csv.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>
#include <string_view>

#include "core/error.h"
#include "core/gzip.h"

namespace ridgeline {
namespace {

[[noreturn]] void fail(const std::string& where, const std::string& what) {
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
  fail(where, "a quoted cell has no closing quote on its line");
}

std::vector<std::string> split(std::string_view line, const std::string& where) {
  std::vector<std::string> cells;
  for (size_t at = 0;; ++at) {
    if (at < line.size() && line[at] == '"') {
      cells.push_back(quoted_cell(line, at, where));
      if (at < line.size() && line[at] != ',') fail(where, "text after a closing quote");
    } else {
      const size_t end = std::min(line.find(',', at), line.size());
      cells.emplace_back(line.substr(at, end - at));
      at = end;
    }
    if (at >= line.size()) return cells;
  }
}

void check_columns(const CsvTable& table) {
  std::set<std::string> seen;
  for (const auto& name : table.columns) {
    if (!seen.insert(name).second) fail(table.source, "two columns are named '" + name + "'");
  }
}

}  // namespace

size_t CsvTable::column(const std::string& name) const {
  const auto found = std::find(columns.begin(), columns.end(), name);
  if (found != columns.end()) return static_cast<size_t>(found - columns.begin());
  const std::string near = nearest_name(name, columns);
  fail(source, "no column '" + name + "'; " +
                   (near.empty() ? "columns: " + join(columns) : "did you mean '" + near + "'?"));
}

double CsvTable::number(size_t row, size_t column) const {
  const std::string& cell = rows[row][column];
  double value = 0;
  const auto result = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  if (result.ec == std::errc() && result.ptr == cell.data() + cell.size() && std::isfinite(value)) {
    return value;
  }
  fail(source, "row " + std::to_string(row + 1) + ", column '" + columns[column] + "': '" + cell +
                   "' is no finite number");
}

CsvTable read_csv(const std::filesystem::path& path) {
  const std::string content = read_maybe_gzip(path);
  CsvTable table{.source = path.string(), .columns = {}, .rows = {}};
  size_t number = 0;
  for (size_t begin = 0; begin < content.size();) {
    const size_t end = std::min(content.find('\n', begin), content.size());
    std::string_view line = std::string_view(content).substr(begin, end - begin);
    begin = end + 1;
    ++number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    const std::string where = table.source + ":" + std::to_string(number);
    auto cells = split(line, where);
    if (table.columns.empty()) {
      table.columns = std::move(cells);
      check_columns(table);
    } else if (cells.size() != table.columns.size()) {
      fail(where, std::to_string(cells.size()) + " cells where " +
                      std::to_string(table.columns.size()) + " columns are named");
    } else {
      table.rows.push_back(std::move(cells));
    }
  }
  if (table.columns.empty()) fail(table.source, "empty; expected a first line of column names");
  return table;
}

}  // namespace ridgeline
