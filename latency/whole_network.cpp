#include "latency/whole_network.h"

#include <algorithm>

namespace ridgeline {
namespace {

Precision chosen(const Hardware& hardware, std::optional<Precision> precision) {
  return precision.value_or(hardware.default_precision);
}

// Counting only: constants that leave W and Q as they are, and every activation fused.
Hardware neutral(Hardware hardware) {
  hardware.constants = {};
  hardware.software = {
      .fold_batch_norm = true, .fuse_relu = true, .fuse_swish = true, .fuse_elementwise = false};
  return hardware;
}

}  // namespace

WholeNetworkOracle::WholeNetworkOracle(const Hardware& hardware, int batch,
                                       std::optional<Precision> precision)
    : peak_flops_(hardware.peak_flops(chosen(hardware, precision))),
      bytes_per_second_(hardware.bytes_per_second()),
      efficiency_(hardware.constants.whole_network_efficiency),
      ideal_(neutral(hardware), batch, precision),
      description_(hardware.name + ", batch " + std::to_string(batch) + ", " +
                   enum_name(chosen(hardware, precision)) + ", whole_network") {}

std::string WholeNetworkOracle::description() const { return description_; }

Latency WholeNetworkOracle::estimate(const Network& network) const {
  Latency latency = ideal_.estimate(network);
  latency.method = "whole_network";
  latency.operators.clear();
  const double ideal_flops = std::min(peak_flops_, latency.intensity * bytes_per_second_);
  // A network without multiply-adds has I = 0 and still takes its time to stream: W / (I b) is Q /
  // b.
  const double ideal_seconds =
      latency.flops > 0 ? latency.flops / ideal_flops : latency.bytes / bytes_per_second_;
  latency.ms = ideal_seconds / efficiency_ * 1e3;
  complete_account(peak_flops_, bytes_per_second_, latency);
  return latency;
}

}  // namespace ridgeline
