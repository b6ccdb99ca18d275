#pragma once

#include <memory>
#include <string>
#include <vector>

#include "latency/config.h"
#include "latency/measurement/timing.h"
#include "network/network.h"

namespace ridgeline {

/// Where and how networks are run: what makes two measurements comparable.
struct RunPlace {
  std::string device = "cpu";
  int threads = 1;
  int batch = 1;
  Precision precision = Precision::kFp32;
  MemoryFormat memory_format = MemoryFormat::kChannelsLast;

  /// Precision `~` is fp32. Throws `kConfig` for a device or precision that is not there.
  static RunPlace of(const LatencyConfig& config);
  /// "AMD EPYC, 1 thread" or "NVIDIA H100 80GB HBM3".
  std::string device_text() const;
  bool operator==(const RunPlace&) const = default;
};

TimingRules timing_rules(const TimingConfig& config);

/// A network made ready to run again and again in inference: random weights and images from a fixed
/// seed. The process runs with the place's thread count while it lives. Times come from CUDA events
/// on a GPU and from the steady clock on a CPU.
class DeviceRun {
 public:
  /// `copies` instances with weights of their own run alternately, so that weights come from as far
  /// as they do when a whole network runs between two uses. Throws `kInfeasible` where the network
  /// does not fit into memory, as do the runs.
  DeviceRun(const RunPlace& place, const Network& network, int copies = 1);
  ~DeviceRun();
  DeviceRun(const DeviceRun&) = delete;
  DeviceRun& operator=(const DeviceRun&) = delete;

  /// One inference, ms.
  double run_ms();
  /// The same, split: entry i is the ms of node i; the input's is 0.
  std::vector<double> run_nodes_ms();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ridgeline
