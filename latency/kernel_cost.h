#pragma once

#include <compare>
#include <vector>

#include "latency/fusing.h"
#include "latency/hardware.h"
#include "latency/oracle.h"
#include "network/cost.h"

namespace ridgeline {

/// What one kernel has to do for a whole batch, whatever the device's constants: all that its price
/// depends on. Counts are of elements, FLOPs are 2 per multiply-add.
struct KernelWork {
  int node = 0;
  KernelKind kind = KernelKind::kNone;
  bool is_relu = false;  ///< a `kActivation` kernel of ReLU or ReLU6
  double flops = 0;
  double elements = 0;         ///< inputs + output + weights
  double output_elements = 0;  ///< of the batch
  double weight_elements = 0;  ///< read once per batch
  double reduction = 0;        ///< K = kh kw Cin / groups
  double outputs = 0;          ///< N = Cout / groups
  double rows = 0;             ///< M = batch H W of the output
  double images = 1;           ///< of the batch, blocks of space-to-batch counted each
  double inside_taps = 1;      ///< share of a convolution's multiply-adds within the image
  double touched_taps = 1;     ///< share of its weights that meet the image at all
  double padded_elements = 0;  ///< input and its copy, where only an operator of its own can pad
  double groups = 1;           ///< of a convolution that is not depthwise
  bool winograd = false;       ///< a dense 3x3 convolution with stride 1
  bool misaligned = false;     ///< groups neither a power of two nor a multiple of 32 wide
  double relu_elements = 0;    ///< ReLU and ReLU6 that run in this kernel
  double swish_elements = 0;   ///< every other activation that runs in this kernel

  // NOLINTNEXTLINE(modernize-use-nullptr): clang-tidy takes the generated comparison for ours.
  auto operator<=>(const KernelWork&) const = default;
};

/// Seconds of one kernel and what they come from.
struct KernelPrice {
  double bytes = 0;          ///< Q
  double seconds = 0;        ///< on the device, overhead included
  double ideal_seconds = 0;  ///< max(W / C, Q / b) with neutral constants
  Bound bound = Bound::kMemory;
};

/// The kernels of a network on a software stack, in order of execution. `fused` is what `fuse`
/// returns for them; node i's cost is asked for once.
std::vector<KernelWork> kernels_of(const Network& network, const std::vector<FusedNode>& fused,
                                   int batch);

/// Prices kernels on one device at one precision (see RooflineOracle for the formulas).
class KernelPricer {
 public:
  /// Throws `kConfig` where the hardware has no rate for the precision.
  KernelPricer(const Hardware& hardware, Precision precision);

  KernelPrice price(const KernelWork& work) const;
  /// Time from the first launch to the end of the last kernel and of the supply of `images`: the
  /// device takes up a kernel when the host has launched it and the one before has ended.
  double total_seconds(const std::vector<KernelWork>& kernels, double images) const;
  /// The same of kernels that take so many seconds each on the device.
  double total_seconds(const std::vector<double>& kernel_seconds, double images) const;
  /// `device_seconds` with the supply of so many images beside it: the longer of the two where they
  /// differ, some more where they are alike and wait for each other in turns.
  double with_input(double device_seconds, double images) const;

  double peak_flops() const { return peak_flops_; }
  double bytes_per_second() const { return bandwidth_; }
  double launch_seconds() const { return launch_; }

 private:
  double matrix_seconds(const KernelWork& work) const;
  double weight_elements(const KernelWork& work) const;
  double overlapped(double a, double b) const;
  double traffic_elements(const KernelWork& work) const;
  double streaming_fraction(KernelKind kind) const;

  EffectiveConstants constants_;
  bool fused_elementwise_;
  bool dense_groups_;
  bool cpu_kernels_;
  double winograd_gain_;
  double peak_flops_;
  double vector_flops_;
  double bandwidth_;  // byte/s
  double element_bytes_;
  double cache_bytes_;
  double overhead_, launch_, input_;  // seconds
};

}  // namespace ridgeline
