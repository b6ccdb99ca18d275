#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "latency/measurement/device_run.h"
#include "latency/measurement/units.h"

namespace ridgeline {

/// What was measured of one unit.
struct OperatorEntry {
  double ms = 0;
  double low_ms = 0, high_ms = 0;  ///< 95 % confidence interval
  int runs = 0;
  bool noisy = false;
  double reference_ms = 0;  ///< of `SpeedReference` about then
};

/// A whole network whose units are all in a table.
struct NetworkSample {
  std::string network;
  double sum_ms = 0;  ///< of its units, at the table's speed
  double ms = 0;      ///< measured as a whole, at the table's speed
};

/// What a whole network takes more or less than its units: ms = scale * sum + offset. The errors
/// are mean absolute percentages over the networks of the fit, and over each left out of it.
struct WholeNetworkTerm {
  double scale = 1, offset_ms = 0;
  int networks = 0;
  double mape = 0, held_out_mape = 0;

  double apply(double sum_ms) const { return scale * sum_ms + offset_ms; }
};

/// Least squares on relative errors. From 4 networks on both numbers are fitted, below that only
/// the scale, and nothing without networks.
WholeNetworkTerm fit_whole_network_term(const std::vector<NetworkSample>& networks);

/// Times of units measured once at one place, with all that must agree for them to count. Files are
/// JSON, one operator a line.
struct OperatorTable {
  RunPlace place;
  std::string device;       ///< "AMD EPYC, 1 thread"
  std::string libraries;    ///< "LibTorch 1.13.1, 0 CUDA devices"
  double reference_ms = 0;  ///< the speed that it holds at; 0: as each was measured
  std::map<std::string, OperatorEntry> operators = {};  ///< by signature of the unit
  std::vector<NetworkSample> networks = {};
  WholeNetworkTerm term = {};

  /// Throws `kConfig` for a file that is not there or no table.
  static OperatorTable load(const std::filesystem::path& path);
  /// An empty table of this machine.
  static OperatorTable here(const RunPlace& place);
  void save(const std::filesystem::path& path) const;  ///< atomically

  /// A unit's measurement at the table's speed: times reference_ms over its own.
  OperatorEntry at_speed(const OperatorEntry& entry) const;
  /// Chooses the speed that the table holds at, `nominal_reference` of its undisturbed operators,
  /// and restates the networks and their term at it.
  void settle_speed();

  /// Whether this process can measure what the table lacks: same device and same libraries.
  bool measured_here() const;
};

}  // namespace ridgeline
