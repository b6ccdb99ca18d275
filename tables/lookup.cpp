#include "tables/lookup.h"

#include "core/error.h"
#include "core/logging.h"
#include "tables/space_points.h"

namespace ridgeline {
namespace {

constexpr long double kMostPoints = 1e6L;

}  // namespace

LookupTable::LookupTable(const TableConfig& config, const std::string& section, int batch)
    : section_(section), missing_(config.missing) {
  TableRows table = read_table_rows(config, section, batch);
  source_ = table.source;
  decisions_ = std::move(table.decisions);
  for (auto& row : table.rows) values_.emplace(std::move(row.choices), row.value);
}

std::optional<double> LookupTable::find(const Architecture& architecture) const {
  const auto found = values_.find(choices_of(architecture, decisions_));
  if (found == values_.end()) return std::nullopt;
  return found->second;
}

std::string LookupTable::missing_text(const Architecture& architecture) const {
  return section_ + ": " + source_ + " has no value for " + choices_text(architecture);
}

void LookupTable::require(const SearchSpace& space) const {
  if (space.size() > kMostPoints) return;
  size_t missing = 0;
  std::string first;
  for_each_point(space.decisions(), [&](const Genotype& genotype) {
    const Architecture point = space.decode(genotype);
    if (find(point)) return;
    if (missing++ == 0) first = choices_text(point);
  });
  if (missing == 0) return;
  const std::string what = section_ + ": " + source_ + " has no value for " +
                           std::to_string(missing) + " of the " +
                           std::to_string(static_cast<uint64_t>(space.size())) +
                           " points of space " + space.name() + ", the first: " + first;
  if (missing_ == MissingPoints::kRefuse) {
    throw Error(ErrorKind::kData, what + "; complete the table, make the space smaller, or set " +
                                      section_ + ".missing: fail_trial");
  }
  spdlog::warn("{}: trials there fail", what);
}

}  // namespace ridgeline
