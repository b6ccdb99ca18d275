#pragma once

#include <string>

#include "core/config.h"

namespace ridgeline {

/// What the software stack fuses into the kernel that produces a tensor.
struct SoftwarePolicy {
  std::string stack = {};
  bool fold_batch_norm = true;
  bool fuse_relu = true;
  bool fuse_swish = false;  ///< and sigmoid
  bool fuse_elementwise = false;
  bool dense_groups = false;
  bool cpu_kernels = false;
  std::string source = {};

  template <class V>
  void describe(V& v) {
    v.field("stack", stack, {.help = "the software this policy stands for"});
    v.field("fold_batch_norm", fold_batch_norm,
            {.help = "batch norm disappears into the convolution before it"});
    v.field("fuse_relu", fuse_relu, {.help = "ReLU runs in the kernel of its convolution"});
    v.field("fuse_swish", fuse_swish,
            {.help = "swish and sigmoid run in the kernel of their convolution"});
    v.field(
        "fuse_elementwise", fuse_elementwise,
        {.help = "adds, scalings and global pools pay only elementwise_share of their traffic"});
    v.field("dense_groups", dense_groups,
            {.help = "a grouped convolution runs as its dense equivalent"});
    v.field("cpu_kernels", cpu_kernels,
            {.help = "kernels run on a CPU's cores: vectors of output channels, image by image, "
                     "computing and waiting for memory in turns"});
    v.field("source", source, {.help = "where this policy comes from"});
  }
};

/// The effective constants of the roofline oracle (see latency/roofline.h). The defaults are
/// neutral: with them every operator costs max(W / C, Q / b).
struct EffectiveConstants {
  double matrix_efficiency = 1;
  double half_reduction = 0;
  double half_outputs = 0;
  double half_rows = 0;
  double output_tile = 1;
  double weight_passes = 0;
  double weight_rereads = 0;
  double exposed_share = 0;
  double cache_mib = 0;
  double bandwidth_fraction = 1;
  double depthwise_fraction = 1;
  double depthwise_vector_share = 1;
  double pooling_fraction = 1;
  double elementwise_share = 1;
  double relu_passes = 2;
  double swish_passes = 2;
  double batch_norm_passes = 2;
  double swish_ps = 0;
  double relu_ps = 0;
  double grouped_work_exponent = 0;
  double misaligned_groups = 1;
  double grouped_traffic = 1;
  double overhead_us = 0;
  double launch_us = 0;
  double reduction_us = 0;
  double input_us = 0;
  double whole_network_efficiency = 0.5;
  double power_law_ms = 0;
  double power_law_flops = 0;
  double power_law_activations = 0;
  std::string source = {};

  template <class V>
  void describe(V& v) {
    const auto share = [](const char* help, double most) {
      return FieldInfo{.help = help, .min = 1e-3, .max = most};
    };
    v.field("matrix_efficiency", matrix_efficiency,
            share("share of the matrix peak that wide layers reach", 4));
    v.field(
        "half_reduction", half_reduction,
        {.help = "K0: k*k*Cin/groups at which the matrix rate is halved", .min = 0, .max = 1e6});
    v.field("half_outputs", half_outputs,
            {.help = "N0: Cout/groups at which the matrix rate is halved", .min = 0, .max = 1e6});
    v.field("half_rows", half_rows,
            {.help = "M0: batch*H*W of the output at which the matrix rate is halved",
             .min = 0,
             .max = 1e9});
    v.field("output_tile", output_tile,
            {.help = "output channels are computed in multiples of this: the lanes of a vector",
             .min = 1,
             .max = 1024});
    v.field("weight_passes", weight_passes,
            {.help = "cpu_kernels: traffic to lay out weights anew at each call, in their sizes",
             .min = 0,
             .max = 100});
    v.field("weight_rereads", weight_rereads,
            {.help = "cpu_kernels: share of the weights that each further image reads again",
             .min = 0,
             .max = 10});
    v.field("exposed_share", exposed_share,
            {.help = "share of the shorter of computing and memory traffic that the longer does "
                     "not hide",
             .min = 0,
             .max = 1});
    v.field("cache_mib", cache_mib,
            {.help = "traffic of this size is half served by a core's own cache; 0: none is",
             .unit = "MiB",
             .min = 0,
             .max = 1e6});
    v.field("bandwidth_fraction", bandwidth_fraction,
            share("share of the memory bandwidth that streaming reaches", 4));
    v.field("depthwise_fraction", depthwise_fraction,
            share("the same for depthwise convolutions", 4));
    v.field("depthwise_vector_share", depthwise_vector_share,
            {.help = "share of depthwise multiply-adds that the vector units must pay for",
             .min = 0,
             .max = 100});
    v.field("pooling_fraction", pooling_fraction,
            share("share of the memory bandwidth that global pooling reaches", 4));
    v.field("elementwise_share", elementwise_share,
            {.help = "share of their traffic that fused elementwise operators still pay",
             .min = 0,
             .max = 1});
    v.field("relu_passes", relu_passes,
            {.help = "unfused ReLU: traffic in sizes of its output", .min = 0, .max = 100});
    v.field("swish_passes", swish_passes,
            {.help = "unfused swish: traffic in sizes of its output", .min = 0, .max = 100});
    v.field("batch_norm_passes", batch_norm_passes,
            {.help = "unfolded batch norm: traffic in sizes of its output", .min = 0, .max = 100});
    v.field("swish_ps", swish_ps,
            {.help = "vector time of swish or sigmoid per element",
             .unit = "ps",
             .min = 0,
             .max = 1e6});
    v.field("relu_ps", relu_ps,
            {.help = "vector time of ReLU per element", .unit = "ps", .min = 0, .max = 1e6});
    v.field("grouped_work_exponent", grouped_work_exponent,
            {.help = "a grouped convolution computes as if it had groups^(1-this) groups",
             .min = 0,
             .max = 1});
    v.field("misaligned_groups", misaligned_groups,
            {.help = "factor on the work of grouped convolutions whose groups are neither a power "
                     "of two nor a multiple of 32 channels wide",
             .min = 1,
             .max = 100});
    v.field("grouped_traffic", grouped_traffic,
            {.help = "factor on the traffic of convolutions with more than 2 groups",
             .min = 1,
             .max = 1000});
    v.field("overhead_us", overhead_us,
            {.help = "time on the device to start and drain a kernel",
             .unit = "us",
             .min = 0,
             .max = 1e6});
    v.field("launch_us", launch_us,
            {.help = "time of the host to launch a kernel: small kernels wait for their launches; "
                     "0: the whole network is one launch",
             .unit = "us",
             .min = 0,
             .max = 1e6});
    v.field("reduction_us", reduction_us,
            {.help = "further overhead of a global pool, for which the whole tensor must be there",
             .unit = "us",
             .min = 0,
             .max = 1e6});
    v.field("input_us", input_us,
            {.help = "time of the host to supply one image, where that is part of the latency; it "
                     "overlaps with the device",
             .unit = "us",
             .min = 0,
             .max = 1e6});
    v.field("whole_network_efficiency", whole_network_efficiency,
            share("E of the whole-network oracle (the paper's Equation 1)", 4));
    v.field("power_law_ms", power_law_ms,
            {.help = "the power law of multiply-adds and activations: time of a batch of 1 GFLOP "
                     "and 1 M activations; 0: not fitted",
             .unit = "ms",
             .min = 0,
             .max = 1e9});
    v.field("power_law_flops", power_law_flops,
            {.help = "its exponent of FLOPs", .min = -100, .max = 100});
    v.field("power_law_activations", power_law_activations,
            {.help = "its exponent of activations: outputs of convolutions and linear layers",
             .min = -100,
             .max = 100});
    v.field("source", source, {.help = "where these constants come from"});
  }
};

}  // namespace ridgeline
