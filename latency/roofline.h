#pragma once

#include <optional>

#include "latency/kernel_cost.h"
#include "latency/oracle.h"

namespace ridgeline {

/// The analytic oracle: the time at which the last of the kernels that the software policy leaves
/// ends. On the device they take one after the other
///
///   matrix kernel:     max(W / (C EMM K/(K+K0) N/(N+N0) M/(M+M0)) with Q / (b EBW), A)
///   depthwise kernel:  (W s / V with Q / (b EDW)) + A
///   any other:         max(Q / (b f), A)
///
/// plus the overhead each, and none starts before the host, which needs `launch_us` for each, has
/// launched it. "x with y" is the longer and `exposed_share` of the shorter. W counts 2 FLOPs per
/// multiply-add; Q is input + weights + output; K = kh kw Cin/groups, N = Cout/groups, M = batch H
/// W; A is the vector time of the activations in the kernel; V the vector rate; f the streaming or
/// pooling fraction. On a CPU N counts in whole vectors, and Q has the weights again for further
/// images, less what a core's cache holds. With the neutral constants this is the plain roofline
/// max(W / C, Q / b) (Section 3.1, Equation 2, per operator).
class RooflineOracle : public LatencyOracle {
 public:
  /// Throws `kConfig` where the hardware has no rate for the precision (default: the hardware's
  /// own).
  RooflineOracle(Hardware hardware, int batch, std::optional<Precision> precision = std::nullopt);

  /// Throws `kInfeasible` when weights and the largest operator's tensors exceed the device's
  /// memory.
  Latency estimate(const Network& network) const override;
  std::string description() const override;

 private:
  void require_memory(const Network& network, const std::vector<KernelWork>& kernels) const;
  void account_for(const std::vector<KernelWork>& kernels, Latency& latency) const;

  Hardware hardware_;
  int batch_;
  Precision precision_;
  KernelPricer pricer_;
};

/// Fills I and E (against min(C, I b)) of a whole network whose ms, flops and bytes are known.
void complete_account(double peak_flops, double bytes_per_second, Latency& latency);

}  // namespace ridgeline
