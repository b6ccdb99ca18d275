#pragma once

#include "latency/hardware.h"
#include "network/network.h"

namespace ridgeline::test {

/// A device whose numbers are easy to compute with by hand: 1 TFLOP/s on the matrix unit in fp32
/// and fp16, 0.1 on the vector units, 10 GB/s (ridge point 100 FLOP/byte), 1 GiB, neutral
/// constants, ReLU and batch norm fused.
inline Hardware plain_device() {
  Hardware hardware;
  hardware.name = "plain";
  hardware.description = "for tests";
  hardware.matrix.fp32 = 1.0;
  hardware.matrix.fp16 = 1.0;
  hardware.vector.tflops = 0.1;
  hardware.memory.bandwidth_gbps = 10;
  hardware.memory.size_gib = 1;
  return hardware;
}

/// One convolution on an image of `channels` x `side` x `side`.
inline Network one_conv(int64_t channels, int64_t side, const Conv2d& conv) {
  NetworkBuilder builder("one-conv", {channels, side, side});
  builder.add("conv", conv, {builder.input()});
  return std::move(builder).build();
}

}  // namespace ridgeline::test
