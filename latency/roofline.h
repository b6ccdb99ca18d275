#pragma once

#include <optional>

#include "latency/fusing.h"
#include "latency/hardware.h"
#include "latency/oracle.h"
#include "network/cost.h"

namespace ridgeline {

/// The analytic oracle: the sum over the kernels that the software policy leaves of
///
///   matrix kernel:     max(W / (C EMM K/(K+K0) N/(N+N0) M/(M+M0)), Q / (b EBW), A)
///   depthwise kernel:  max(W s / V, Q / (b EDW)) + A       (the vector units also run the
///   activation) any other:         max(Q / (b f), A)
///
/// plus the launch overhead each. W counts 2 FLOPs per multiply-add; Q is input + weights + output;
/// K = kh kw Cin/groups, N = Cout/groups, M = batch H W; A is the vector time of the activations in
/// the kernel; V the vector rate; f the streaming or pooling fraction. With the neutral constants
/// this is the plain roofline max(W / C, Q / b) (Section 3.1, Equation 2, per operator).
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
  /// Seconds that one kernel needs of each resource.
  struct Kernel {
    KernelKind kind = KernelKind::kNone;
    double matrix = 0;
    double vector = 0;
    double memory = 0;
    double activation = 0;
  };
  /// Bytes that must be in memory at once.
  struct Footprint {
    double weights = 0;
    double largest_operator = 0;
  };

  void open_kernel(const Network& network, int index, const FusedNode& fused, Footprint& footprint,
                   Kernel& kernel, OperatorLatency& account) const;
  void close_kernel(const Kernel& kernel, OperatorLatency& account) const;
  double matrix_seconds(const Network& network, int index, double flops) const;
  double traffic_bytes(const Network& network, int index, KernelKind kind,
                       const OperatorCost& needs) const;
  double streaming_rate(KernelKind kind) const;
  double activation_seconds(const Node& node) const;
  double vector_flops() const { return hardware_.vector.tflops * 1e12; }
  void require_memory(const Network& network, const Footprint& footprint) const;

  Hardware hardware_;
  int batch_;
  Precision precision_;
  double peak_flops_;
};

/// Fills I and E (against min(C, I b)) of a whole network whose ms, flops and bytes are known.
void complete_account(double peak_flops, double bytes_per_second, Latency& latency);

}  // namespace ridgeline
