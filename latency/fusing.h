#pragma once

#include <cstdint>
#include <vector>

#include "latency/software_policy.h"
#include "network/network.h"

namespace ridgeline {

/// What kind of kernel a node starts. `kNone`: it starts none, because it is the input, does
/// nothing in inference (dropout, drop-connect, identity), is a view that its readers read in place
/// (slice) or runs in the kernel of an earlier node.
enum class KernelKind : uint8_t {
  kNone,
  kMatrix,       ///< convolution or linear layer
  kDepthwise,    ///< convolution with one group per input channel
  kActivation,   ///< on its own
  kNormalise,    ///< batch norm on its own
  kElementwise,  ///< add, multiply
  kGlobalPool,
  kStreaming,  ///< pool, concat, split softmax, space-to-batch, batch-to-space
};

struct FusedNode {
  KernelKind kind = KernelKind::kNone;
  /// The node whose kernel computes this node's value: the node itself where it starts one, else
  /// the producer it was fused into or passes through. The input's is -1.
  int kernel = -1;
};

bool is_depthwise(const Conv2d& conv, const Shape& input);

/// The kernels that a software stack makes of a network in inference; one entry per node. A
/// follower fuses only when it is the sole reader of a convolution's or linear layer's value; an
/// activation also into a batch norm's kernel.
std::vector<FusedNode> fuse(const Network& network, const SoftwarePolicy& policy);

}  // namespace ridgeline
