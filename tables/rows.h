#pragma once

#include <optional>
#include <string>
#include <vector>

#include "search_space/architecture.h"
#include "tables/config.h"

namespace ridgeline {

/// The rows of a table that have a value, by what each says of the key decisions. A row's cell of a
/// decision that earlier choices make meaningless is empty or "-".
struct TableRows {
  struct Row {
    std::vector<std::string> choices;  ///< one per decision; empty: meaningless there
    double value = 0;                  ///< a fraction, or ms of a batch
    std::string split;                 ///< text of the split column
    std::string where;                 ///< "file:line"
  };
  std::string source;  ///< file and value column
  std::vector<std::string> decisions;
  std::vector<Row> rows;
};

/// Reads and converts. `section` ("accuracy.table") begins messages, `batch` is that of
/// images_per_s. Throws `kConfig` for settings that make no sense, `kData` for a file or column
/// that is not there and, with the line, for a key of another length, two rows with one key, a
/// value that is no finite number, an accuracy outside 0 to 1 and a latency that is not above 0.
TableRows read_table_rows(const TableConfig& config, const std::string& section, int batch = 1);

/// What `architecture` chose at each of `decisions`; empty where it has none of that name.
std::vector<std::string> choices_of(const Architecture& architecture,
                                    const std::vector<std::string>& decisions);

/// "edge1 none, edge2 skip"
std::string choices_text(const Architecture& architecture);

}  // namespace ridgeline
