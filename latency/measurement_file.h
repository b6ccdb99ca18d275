#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "latency/device_run.h"
#include "search_space/architecture.h"

namespace ridgeline {

/// Measured whole networks as a CSV file, `network,resolution,batch,precision,latency_ms,ci_ms,
/// family,device,noise`, which `ridgeline calibrate` reads: `network` is the path of an
/// architecture file relative to the CSV, in the folder NAME_networks beside NAME.csv; `ci_ms` is
/// half the 95 % confidence interval of the median. Every row is on disk once `add` returns.
class MeasurementFile {
 public:
  /// Takes up a file that is there. Throws `kData` where its columns are others, or where it was
  /// measured at another place.
  MeasurementFile(std::filesystem::path path, const RunPlace& place);

  bool has(const Architecture& architecture) const;
  /// Latency, ms. REQUIRES: `has`.
  double latency_ms(const Architecture& architecture) const;
  /// Throws `kIo`.
  void add(const Architecture& architecture, const std::string& family, const Timing& timing);
  size_t size() const { return rows_.size(); }

 private:
  std::string key(const Architecture& architecture) const;
  std::string place_columns() const;

  std::filesystem::path path_;
  RunPlace place_;
  std::string text_;
  std::map<std::string, double> rows_;  // ms by network
};

}  // namespace ridgeline
