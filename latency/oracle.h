#pragma once

#include <string>
#include <vector>

#include "network/network.h"
#include "network/precision.h"
#include "search_space/architecture.h"

namespace ridgeline {

class SearchSpace;

/// What limits an operator on a device.
enum class Bound { kCompute, kMemory, kVector, kOverhead };
const char* to_string(Bound bound);

/// The account of one operator (or fused kernel) for the whole batch.
struct OperatorLatency {
  int node = 0;          ///< index in the network; a fused follower has ms = 0 and `fused_into` set
  int fused_into = -1;   ///< node whose kernel does this operator's work, or -1
  double flops = 0;      ///< W, 2 per multiply-add
  double bytes = 0;      ///< Q, traffic with main memory
  double intensity = 0;  ///< I = W / Q, FLOP per byte
  double efficiency = 0;  ///< E, share of the attainable rate at this intensity
  Bound bound = Bound::kMemory;
  double ms = 0;
};

/// A latency is a value with its provenance: two latencies compare only where these agree.
struct Latency {
  double ms = 0;  ///< of one batch
  int batch = 1;  ///< images
  Precision precision = Precision::kFp32;
  std::string device;              ///< "tpu_v3", or a description of this machine
  std::string method;              ///< "roofline", "whole_network", "power_law", "measured", ...
  double spread_ms = 0;            ///< half the interquartile range of the repeats; 0 for a formula
  int repeats = 0;                 ///< measured repeats; 0 for a formula
  double low_ms = 0, high_ms = 0;  ///< 95 % confidence interval of the median; of a table the
                                   ///< units' and the whole-network term's error; 0 for a formula
  double reference_ms = 0;  ///< measured: the speed it is stated at (`SpeedReference`); 0: at none
  std::string noise = {};   ///< measured: why the machine counts as noisy; empty: it was quiet
  double flops = 0;         ///< W of the batch
  double bytes = 0;         ///< Q of the batch
  double intensity = 0;     ///< I of the whole network
  double efficiency =
      0;  ///< E of the whole network: W / ms over the roof at I; 0 where the roof is unknown
  std::vector<OperatorLatency> operators = {};  ///< one per node; the roofline oracle only
};

/// Prices a network on one device at one batch size and precision. Const calls are safe from one
/// thread at a time.
class LatencyOracle {
 public:
  virtual ~LatencyOracle() = default;
  /// Throws `kInfeasible` when the network cannot run there (out of memory).
  virtual Latency estimate(const Network& network) const = 0;
  /// The same for an architecture and its network, which is empty for a point of plain decisions.
  /// An oracle that needs more than the graph overrides it.
  virtual Latency estimate_architecture(const Architecture& /*architecture*/,
                                        const Network& lowered) const {
    return estimate(lowered);
  }
  Latency estimate_architecture(const Architecture& architecture) const {
    return estimate_architecture(architecture,
                                 architecture.is_plain() ? Network{} : lower(architecture));
  }
  /// Throws where it cannot price points of `space`, as far as that is known beforehand.
  virtual void require(const SearchSpace& /*space*/) const {}
  /// One line for logs: device, batch, precision, method.
  virtual std::string description() const = 0;
};

}  // namespace ridgeline
