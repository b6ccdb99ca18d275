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
    v.field("stack", stack, {.help = "name of the software stack"});
    v.field("fold_batch_norm", fold_batch_norm,
            {.help = "batch norm is folded into the preceding convolution"});
    v.field("fuse_relu", fuse_relu,
            {.help = "ReLU runs inside the kernel of the preceding convolution"});
    v.field("fuse_swish", fuse_swish,
            {.help = "swish and sigmoid run inside the kernel of the preceding convolution"});
    v.field("fuse_elementwise", fuse_elementwise,
            {.help = "adds, multiplications and global pools are fused and cost only "
                     "elementwise_share of their memory traffic"});
    v.field("dense_groups", dense_groups,
            {.help = "a grouped convolution runs as the equivalent dense convolution"});
    v.field("cpu_kernels", cpu_kernels,
            {.help = "kernels run on CPU cores: vectors of output channels, one image after the "
                     "other, with only partial overlap of compute and memory"});
    v.field("source", source, {.help = "source of this policy"});
  }
};

}  // namespace ridgeline
