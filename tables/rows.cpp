#include "tables/rows.h"

#include <algorithm>
#include <map>

#include "core/csv.h"
#include "core/error.h"

namespace ridgeline {
namespace {

/// Where the choices of a row stand: in one column's characters, or one column each.
class KeyReader {
 public:
  KeyReader(const TableConfig& config, const CsvTable& table, const std::string& section)
      : config_(config), table_(table) {
    for (const auto& key : config.keys.value_or(std::vector<std::string>{})) {
      const size_t equals = std::min(key.find('='), key.size());
      decisions_.push_back(key.substr(0, equals));
      if (!config.digits.empty()) continue;
      columns_.push_back(
          table.column(equals < key.size() ? key.substr(equals + 1) : decisions_.back()));
    }
    if (decisions_.empty()) {
      throw Error(ErrorKind::kConfig, section + ".keys: names no decision");
    }
    if (!config.digits.empty()) columns_ = {table.column(config.digits)};
  }

  const std::vector<std::string>& decisions() const { return decisions_; }

  std::vector<std::string> choices(size_t row) const {
    std::vector<std::string> choices;
    if (config_.digits.empty()) {
      for (const size_t column : columns_) choices.push_back(table_.text(row, column));
    } else {
      choices = choices_of_digits(row);
    }
    for (auto& choice : choices) {
      if (choice == "-") choice.clear();
    }
    return choices;
  }

 private:
  std::vector<std::string> choices_of_digits(size_t row) const {
    const std::string& key = table_.text(row, columns_[0]);
    if (key.size() != decisions_.size()) {
      fail(row, "'" + key + "' has " + std::to_string(key.size()) +
                    " digits; expected one for each of " + std::to_string(decisions_.size()) +
                    " decisions");
    }
    std::vector<std::string> choices;
    for (const char digit : key) {
      if (!config_.digit_names || digit == '-') {
        choices.emplace_back(1, digit);
        continue;
      }
      const auto index = static_cast<size_t>(static_cast<unsigned char>(digit) - '0');
      if (digit < '0' || index >= config_.digit_names->size()) {
        fail(row, "'" + key + "': digit_names has no name for '" + std::string(1, digit) + "'");
      }
      choices.push_back((*config_.digit_names)[index]);
    }
    return choices;
  }

  [[noreturn]] void fail(size_t row, const std::string& what) const {
    throw Error(ErrorKind::kData, table_.where(row) + ": " + config_.digits + ": " + what);
  }

  const TableConfig& config_;
  const CsvTable& table_;
  std::vector<std::string> decisions_;
  std::vector<size_t> columns_;
};

double converted(double cell, TableUnit unit, int batch) {
  switch (unit) {
    case TableUnit::kFraction:
    case TableUnit::kMs:
      return cell;
    case TableUnit::kPercent:
      return cell / 100;
    case TableUnit::kSeconds:
      return cell * 1000;
    case TableUnit::kImagesPerS:
      return 1000.0 * batch / cell;
  }
  throw Error(ErrorKind::kInternal, "table: unknown unit");
}

double read_value(const CsvTable& table, size_t row, size_t column, TableUnit unit, int batch) {
  const double cell = table.number(row, column);
  const auto fail = [&](const std::string& what) {
    throw Error(ErrorKind::kData, table.where(row) + ": " + table.columns()[column] + ": " +
                                      table.text(row, column) + " " + what);
  };
  if (!is_accuracy(unit) && cell <= 0) fail("is no latency: it must be above 0");
  const double value = converted(cell, unit, batch);
  if (is_accuracy(unit) && !(value >= 0 && value <= 1)) {
    fail("is no accuracy in " + enum_name(unit) +
         (unit == TableUnit::kPercent ? ": valid are 0 to 100"
                                      : ": valid are 0 to 1; is its unit percent?"));
  }
  return value;
}

void refuse_duplicates(const TableRows& table) {
  std::map<std::vector<std::string>, const TableRows::Row*> first;
  for (const auto& row : table.rows) {
    const auto [entry, fresh] = first.emplace(row.choices, &row);
    if (!fresh) {
      throw Error(ErrorKind::kData, row.where + ": the same key as " + entry->second->where + ": " +
                                        join(row.choices) +
                                        "; a table has one row per point (is a decision missing in "
                                        "`keys`?)");
    }
  }
}

}  // namespace

TableRows read_table_rows(const TableConfig& config, const std::string& section, int batch) {
  if (config.path.empty()) {
    throw Error(ErrorKind::kConfig, section +
                                        ".path: is empty; expected a CSV file, such as --set " +
                                        section + ".path=table.csv.gz");
  }
  if (!std::filesystem::exists(config.path)) {
    throw Error(ErrorKind::kData, section + ".path: " + config.path +
                                      ": no such file; say where the table is with --set " +
                                      section + ".path=FILE");
  }
  if (config.value.empty()) {
    throw Error(ErrorKind::kConfig,
                section + ".value: is empty; expected a column of " + config.path);
  }
  const CsvTable table = CsvTable::load(config.path);
  const KeyReader keys(config, table, section);
  const size_t value = table.column(config.value);
  TableRows result{
      .source = std::filesystem::path(config.path).filename().string() + ", column " + config.value,
      .decisions = keys.decisions(),
      .rows = {}};
  for (size_t row = 0; row < table.rows(); ++row) {
    if (table.text(row, value).empty()) continue;
    result.rows.push_back(
        {.choices = keys.choices(row),
         .value = read_value(table, row, value, config.unit, batch),
         .split = config.split.empty() ? std::string() : table.text(row, config.split),
         .where = table.where(row)});
  }
  refuse_duplicates(result);
  return result;
}

std::vector<std::string> choices_of(const Architecture& architecture,
                                    const std::vector<std::string>& decisions) {
  std::vector<std::string> choices;
  for (const auto& name : decisions) {
    const auto found =
        std::find_if(architecture.decisions.begin(), architecture.decisions.end(),
                     [&](const NamedChoice& choice) { return choice.decision == name; });
    choices.push_back(found == architecture.decisions.end() ? std::string() : found->choice);
  }
  return choices;
}

std::string choices_text(const Architecture& architecture) {
  std::vector<std::string> parts;
  for (const auto& [decision, choice] : architecture.decisions)
    parts.push_back(decision + " " + choice);
  return join(parts);
}

}  // namespace ridgeline
