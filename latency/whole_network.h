#pragma once

#include <optional>

#include "latency/roofline.h"

namespace ridgeline {

/// The paper's Equations 1 and 2 on the whole network: Latency = W / (C_ideal E), C_ideal =
/// min(C_max, I b). Q behind I is input + weights + output of every operator once, with batch norm
/// and activations fused. E is one number of the hardware file. No per-operator account.
class WholeNetworkOracle : public LatencyOracle {
 public:
  WholeNetworkOracle(const Hardware& hardware, int batch,
                     std::optional<Precision> precision = std::nullopt);
  Latency estimate(const Network& network) const override;
  std::string description() const override;

 private:
  double peak_flops_;
  double bytes_per_second_;
  double efficiency_;
  RooflineOracle ideal_;  // counts W and Q
  std::string description_;
};

}  // namespace ridgeline
