#pragma once

#include <string>
#include <vector>

#include "core/csv.h"
#include "latency/calibration/measurements.h"

namespace ridgeline {

/// A layout of a table of measurements, recognised by columns that no other has.
struct TableLayout {
  const char* name;                    ///< for messages
  std::vector<std::string> signature;  ///< columns
  /// The measurements of one row: none where a value is missing, several where a row holds several
  /// devices. A network that cannot be built here comes without `build`.
  std::vector<Measurement> (*read)(const CsvTable& table, size_t row);
};

/// The published tables: Tables 3 and 4 of the EfficientNet-X paper, pycls' timings, timm's
/// inference benchmark, the tables of NVIDIA's DeepLearningExamples, Accel-NASBench.
const std::vector<TableLayout>& published_layouts();

/// Fills `build` and `family` (where empty) with the known network `name` at `resolution` (0: its
/// own); leaves them where there is none of this name.
void set_known_network(const std::string& name, int resolution, Measurement& measurement);

}  // namespace ridgeline
