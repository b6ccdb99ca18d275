#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "network/network.h"
#include "network/precision.h"

namespace ridgeline {

/// One measured latency of one network.
struct Measurement {
  std::string network;  ///< as its file names it
  std::string family;   ///< what a cross-validation leaves out together
  std::string device;   ///< device and software stack, as far as the file tells; may be empty
  int batch = 1;        ///< images
  Precision precision = Precision::kFp32;
  double latency_ms = 0;           ///< of one batch
  std::string set_aside;           ///< why the row is not fitted; empty: it is
  std::function<Network()> build;  ///< the network at the measured resolution
  /// What was measured in one go, on one host: its rows share the rate at which images come.
  std::string session = {};
  std::string place = {};  ///< "m.csv:2", for messages
  double spread = 0;       ///< relative standard deviation of `latency_ms`, where known
};

struct Measurements {
  std::string source;             ///< files and selection, for provenance
  std::vector<Measurement> rows;  ///< to be fitted
  std::vector<Measurement> set_aside;
  std::vector<std::string> unknown;  ///< networks that cannot be built here, each with why
  int unknown_rows = 0;
};

/// Reads measured latencies: CSV files, gzip'ed or plain, with the columns
/// `network,resolution,batch,precision,latency_ms` and optionally `family`, `device`, `session`,
/// `set_aside` (a reason), `ci_ms` (half a 95 % interval) and `noise` (why the row is less sure, or
/// its relative standard deviation), where `network` is a known network or an architecture file
/// (relative to the CSV); or one of the published tables that calibration/adapters.h recognises.
/// `selection`: "column=value", all of which must hold ("device" and "network" work for every
/// file). Throws `kData` for missing columns, latencies that are not positive, and rows of more
/// than one device; `kUsage` for a selection that no row meets.
Measurements read_measurements(const std::vector<std::filesystem::path>& files,
                               const std::vector<std::string>& selection = {});

}  // namespace ridgeline
