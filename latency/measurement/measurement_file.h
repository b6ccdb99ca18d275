#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "latency/measurement/device_run.h"
#include "search_space/architecture.h"

namespace ridgeline {

/// Measured whole networks as a CSV file, `network,resolution,batch,precision,latency_ms,ci_ms,
/// family,device,noise,reference_ms`, which `ridgeline calibrate` reads: `network` is the path of
/// an architecture file relative to the CSV, in the folder NAME_networks beside NAME.csv; `ci_ms`
/// is half the interval of the median; the latency holds at the speed of the machine at which
/// `SpeedReference` takes `reference_ms`.
class MeasurementFile {
 public:
  /// Takes up a file that is there. Throws `kData` where its columns are others, or where it was
  /// measured at another place.
  MeasurementFile(std::filesystem::path path, const RunPlace& place);

  bool has(const Architecture& architecture) const;
  /// Latency, ms. REQUIRES: `has`.
  double latency_ms(const Architecture& architecture) const;
  /// Replaces the network's row where it has one, and writes the network. Throws `kIo`.
  void put(const Architecture& architecture, const std::string& family, const Timing& timing,
           double reference_ms);
  void save() const;  ///< atomically; throws `kIo`
  size_t size() const { return rows_.size(); }

 private:
  std::string key(const Architecture& architecture) const;
  std::string place_columns() const;

  std::filesystem::path path_;
  RunPlace place_;
  struct Row {
    double ms = 0;
    std::string line;
  };
  std::map<std::string, Row> rows_;  // by network
};

}  // namespace ridgeline
