#include "surrogate/csv_rows.h"

#include <cmath>
#include <cstdlib>
#include <map>

#include "core/config_path.h"
#include "core/csv.h"
#include "core/error.h"
#include "core/file.h"

namespace ridgeline {
namespace {

/// Where a decision's choice stands, and what the cells mean where they are not the choices.
struct DecisionColumn {
  std::string column;
  std::map<std::string, std::string> choices;
};

std::map<std::string, DecisionColumn> read_columns(const std::string& file,
                                                   const SearchSpace& space) {
  std::map<std::string, DecisionColumn> columns;
  std::vector<std::string> names;
  for (const auto& decision : space.decisions()) {
    columns[decision.name].column = decision.name;
    names.push_back(decision.name);
  }
  if (file.empty()) return columns;
  const YamlView root = YamlView::load_file(find_config("columns", file));
  root.refuse_unknown({"columns"});
  const YamlView map = root.at("columns");
  map.refuse_unknown(names);
  for (const auto& [name, given] : map.entries()) {
    DecisionColumn& column = columns.at(name);
    if (given.is_scalar()) {
      column.column = given.as_string();
      continue;
    }
    given.refuse_unknown({"column", "choices"});
    column.column = given.at("column").as_string();
    for (const auto& [cell, choice] : given.at("choices").entries())
      column.choices[cell] = choice.as_string();
  }
  return columns;
}

std::optional<double> number_of(const std::string& text) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0' || !std::isfinite(value)) return std::nullopt;
  return value;
}

/// By its text, or as a number: 0.250 is 0.25.
std::optional<int> choice_of(const Decision& decision, const std::string& text) {
  for (int c = 0; c < decision.choices(); ++c) {
    const std::string& label = decision.labels[static_cast<size_t>(c)];
    if (label == text) return c;
    const auto number = number_of(text);
    if (number && number == number_of(label)) return c;
  }
  return std::nullopt;
}

class RowReader {
 public:
  RowReader(const CsvRowsOptions& options, const CsvTable& table, const SearchSpace& space)
      : options_(options), table_(table), space_(space), target_(table.column(options.target)) {
    const auto columns = read_columns(options.columns, space);
    for (const auto& decision : space.decisions()) {
      const DecisionColumn& column = columns.at(decision.name);
      columns_.push_back({table.column(column.column), column.choices});
    }
    for (const auto& condition : options.where) {
      const size_t equals = condition.find('=');
      if (equals == std::string::npos)
        throw Error(ErrorKind::kUsage, "--where " + condition + ": expected COLUMN=VALUE");
      where_.emplace_back(table.column(condition.substr(0, equals)), condition.substr(equals + 1));
    }
  }

  /// Why the row is skipped; empty: it was added.
  std::string read(size_t row, SurrogateData& data) const {
    for (const auto& [column, value] : where_) {
      if (table_.text(row, column) != value) return table_.columns()[column] + " is not " + value;
    }
    if (table_.text(row, target_).empty()) return options_.target + " is empty";
    SurrogateRow result;
    for (size_t d = 0; d < columns_.size(); ++d) {
      const Decision& decision = space_.decisions()[d];
      if (!is_active(decision, result.genotype)) {
        result.genotype.push_back(kInactive);
        continue;
      }
      const auto& [column, choices] = columns_[d];
      std::string text = table_.text(row, column);
      if (const auto meant = choices.find(text); meant != choices.end()) text = meant->second;
      const auto choice = choice_of(decision, text);
      if (!choice) return "the space does not offer " + decision.name + " '" + text + "'";
      result.genotype.push_back(*choice);
    }
    result.accuracy = accuracy(row);
    result.architecture = space_.decode(result.genotype);
    data.rows.push_back(std::move(result));
    return {};
  }

 private:
  double accuracy(size_t row) const {
    const bool percent = options_.unit == AccuracyUnit::kPercent;
    const double value = table_.number(row, target_) / (percent ? 100 : 1);
    if (value >= 0 && value <= 1) return value;
    throw Error(ErrorKind::kData,
                table_.where(row) + ": " + options_.target + " " + table_.text(row, target_) +
                    (percent ? " is outside 0 to 100 %"
                             : " is no fraction from 0 to 1; for percent, add --unit percent"));
  }

  struct Column {
    size_t index;
    std::map<std::string, std::string> choices;
  };
  const CsvRowsOptions& options_;
  const CsvTable& table_;
  const SearchSpace& space_;
  size_t target_;
  std::vector<Column> columns_;
  std::vector<std::pair<size_t, std::string>> where_;
};

}  // namespace

SurrogateData read_csv_rows(const CsvRowsOptions& options) {
  const std::filesystem::path file = find_config("spaces", options.space);
  SurrogateData data;
  data.space_yaml = read_file(file);
  data.space_name = SearchSpace::load(file).name();
  data.source =
      std::filesystem::path(options.table).filename().string() + ", column " + options.target;
  for (const auto& condition : options.where) data.source += ", " + condition;
  const SearchSpace space = data.space();
  const CsvTable table = CsvTable::load(options.table);
  const RowReader reader(options, table, space);
  for (size_t row = 0; row < table.rows(); ++row) {
    const std::string reason = reader.read(row, data);
    if (!reason.empty()) ++data.skipped[reason];
  }
  return data;
}

}  // namespace ridgeline
