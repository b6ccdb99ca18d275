#pragma once

#include <string>

#include "core/config.h"

namespace ridgeline {

/// The effective constants of the roofline oracle (see latency/roofline.h). The defaults are
/// neutral: with them every operator costs max(W / C, Q / b).
struct EffectiveConstants {
  double matrix_efficiency = 1;
  double winograd_gain = 1;
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
            share("fraction of the peak matrix rate that wide layers reach", 4));
    v.field(
        "winograd_gain", winograd_gain,
        share("factor on the matrix rate of dense 3x3 convolutions with stride 1 in fp32, which "
              "libraries compute with fewer multiplications (Winograd)",
              4));
    v.field(
        "half_reduction", half_reduction,
        {.help =
             "K0: reduction size kh*kw*Cin/groups at which the matrix rate is half of its maximum",
         .min = 0,
         .max = 1e6});
    v.field(
        "half_outputs", half_outputs,
        {.help = "N0: output channels per group at which the matrix rate is half of its maximum",
         .min = 0,
         .max = 1e6});
    v.field("half_rows", half_rows,
            {.help = "M0: batch*H*W of the output at which the matrix rate is half of its maximum",
             .min = 0,
             .max = 1e9});
    v.field("output_tile", output_tile,
            {.help = "output channels are rounded up to a multiple of this (the lanes of a vector)",
             .min = 1,
             .max = 1024});
    v.field("weight_passes", weight_passes,
            {.help = "cpu_kernels: memory traffic for reordering the weights at each call, in "
                     "multiples of their size",
             .min = 0,
             .max = 100});
    v.field(
        "weight_rereads", weight_rereads,
        {.help =
             "cpu_kernels: fraction of the weights that is read again for each additional image",
         .min = 0,
         .max = 10});
    v.field("exposed_share", exposed_share,
            {.help = "fraction of the shorter of compute time and memory time that is not hidden "
                     "behind the longer",
             .min = 0,
             .max = 1});
    v.field("cache_mib", cache_mib,
            {.help = "traffic Q takes Q / (Q + this) of its time, because part of it is served by "
                     "the core's own cache; 0: no cache",
             .unit = "MiB",
             .min = 0,
             .max = 1e6});
    v.field("bandwidth_fraction", bandwidth_fraction,
            share("fraction of the peak memory bandwidth that streaming reaches", 4));
    v.field("depthwise_fraction", depthwise_fraction,
            share("fraction of the peak memory bandwidth that depthwise convolutions reach", 4));
    v.field("depthwise_vector_share", depthwise_vector_share,
            {.help = "vector time of a depthwise convolution, in multiples of its multiply-adds at "
                     "the peak rate; "
                     "0: never limits it",
             .min = 0,
             .max = 100});
    v.field("pooling_fraction", pooling_fraction,
            share("fraction of the peak memory bandwidth that global pooling reaches", 4));
    v.field("elementwise_share", elementwise_share,
            {.help = "fraction of the memory traffic that remains for a fused elementwise operator",
             .min = 0,
             .max = 1});
    v.field("relu_passes", relu_passes,
            {.help = "memory traffic of a separate ReLU kernel, in multiples of its output",
             .min = 0,
             .max = 100});
    v.field("swish_passes", swish_passes,
            {.help = "memory traffic of separate swish kernels, in multiples of the output",
             .min = 0,
             .max = 100});
    v.field("batch_norm_passes", batch_norm_passes,
            {.help = "memory traffic of a separate batch-norm kernel, in multiples of its output",
             .min = 0,
             .max = 100});
    v.field("swish_ps", swish_ps,
            {.help = "vector time per element of swish or sigmoid inside a kernel",
             .unit = "ps",
             .min = 0,
             .max = 1e6});
    v.field("relu_ps", relu_ps,
            {.help = "vector time per element of ReLU inside a kernel",
             .unit = "ps",
             .min = 0,
             .max = 1e6});
    v.field("grouped_work_exponent", grouped_work_exponent,
            {.help = "the work of a grouped convolution is multiplied by groups^this (0: no "
                     "penalty, 1: as the dense convolution)",
             .min = 0,
             .max = 1});
    v.field("misaligned_groups", misaligned_groups,
            {.help = "factor on the work of grouped convolutions whose group width is neither a "
                     "power of two nor a multiple of 32 channels",
             .min = 1,
             .max = 100});
    v.field("grouped_traffic", grouped_traffic,
            {.help = "factor on the memory traffic of convolutions with more than 2 groups",
             .min = 1,
             .max = 1000});
    v.field(
        "overhead_us", overhead_us,
        {.help = "device time to start and drain a kernel", .unit = "us", .min = 0, .max = 1e6});
    v.field("launch_us", launch_us,
            {.help = "host time to launch a kernel; small kernels wait for their launches; 0: the "
                     "whole network is one launch",
             .unit = "us",
             .min = 0,
             .max = 1e6});
    v.field("reduction_us", reduction_us,
            {.help = "additional time of a global pool, which must wait for the whole tensor",
             .unit = "us",
             .min = 0,
             .max = 1e6});
    v.field("input_us", input_us,
            {.help = "host time to supply one input image, if the latency includes it; overlaps "
                     "with the device",
             .unit = "us",
             .min = 0,
             .max = 1e6});
    v.field("whole_network_efficiency", whole_network_efficiency,
            share("efficiency E of the whole-network model (the paper's Equation 1)", 4));
    v.field("power_law_ms", power_law_ms,
            {.help = "power law of multiply-adds and activations: time of a batch with 1 GFLOP and "
                     "1 M activations; 0: not fitted",
             .unit = "ms",
             .min = 0,
             .max = 1e9});
    v.field("power_law_flops", power_law_flops,
            {.help = "power law: exponent of the FLOPs", .min = -100, .max = 100});
    v.field(
        "power_law_activations", power_law_activations,
        {.help =
             "power law: exponent of the activations (outputs of convolutions and linear layers)",
         .min = -100,
         .max = 100});
    v.field("source", source, {.help = "source of these constants"});
  }
};

}  // namespace ridgeline
