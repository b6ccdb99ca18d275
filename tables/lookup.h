#pragma once

#include <map>

#include "search_space/search_space.h"
#include "tables/rows.h"

namespace ridgeline {

/// The values of one column of a table for the points of a space of plain decisions: fractions, or
/// milliseconds of a batch.
class LookupTable {
 public:
  /// Throws as `read_table_rows`.
  LookupTable(const TableConfig& config, const std::string& section, int batch = 1);

  /// The point's value; nothing where the table has no row for it.
  std::optional<double> find(const Architecture& architecture) const;
  /// What a trial whose point is not there says.
  std::string missing_text(const Architecture& architecture) const;
  /// Throws `kData` with the number of points that the table lacks, and the first of them, unless
  /// `missing` is fail_trial. Spaces of over a million points are not gone through.
  void require(const SearchSpace& space) const;
  const std::string& source() const { return source_; }

 private:
  std::string section_, source_;
  MissingPoints missing_;
  std::vector<std::string> decisions_;
  std::map<std::vector<std::string>, double> values_;
};

}  // namespace ridgeline
