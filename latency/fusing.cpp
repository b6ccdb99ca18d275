#include "latency/fusing.h"

namespace ridgeline {
namespace {

class Fuser {
 public:
  Fuser(const Network& network, const SoftwarePolicy& policy)
      : network_(network),
        policy_(policy),
        readers_(static_cast<size_t>(network.size()), 0),
        fused_(static_cast<size_t>(network.size())) {
    for (const Node& node : network.nodes()) {
      for (const int input : node.inputs) ++readers_[static_cast<size_t>(input)];
    }
  }

  std::vector<FusedNode> run() {
    for (int i = 1; i < network_.size(); ++i) {
      const KernelKind kind = std::visit(
          [&](const auto& op) { return kind_of(op, network_.node(i)); }, network_.node(i).op);
      const int first = network_.node(i).inputs[0];
      fused_[static_cast<size_t>(i)] = {kind, kind == KernelKind::kNone ? entry(first).kernel : i};
    }
    return std::move(fused_);
  }

 private:
  const FusedNode& entry(int node) const { return fused_[static_cast<size_t>(node)]; }

  // True where `node` alone reads the value of a convolution or linear layer, or an activation that
  // of a batch norm with a kernel of its own, possibly through
  // followers that were fused before: a value with a second reader has to be written as it is. Only
  // an affine follower of an affine value folds into weights, so batch norm may not come after an
  // activation.
  bool can_follow(const Node& node, bool affine) const {
    for (int at = node.inputs[0]; readers_[static_cast<size_t>(at)] == 1;
         at = network_.node(at).inputs[0]) {
      const KernelKind kind = entry(at).kind;
      if (kind == KernelKind::kMatrix || kind == KernelKind::kDepthwise) return true;
      if (kind == KernelKind::kNormalise && !affine) return true;
      const Operator& op = network_.node(at).op;
      const bool blocks =
          std::holds_alternative<Slice>(op) || (affine && std::holds_alternative<Activation>(op));
      if (kind != KernelKind::kNone || blocks || entry(at).kernel < 0) return false;
    }
    return false;
  }

  KernelKind kind_of(const Conv2d& conv, const Node& node) const {
    return is_depthwise(conv, network_.node(node.inputs[0]).shape) ? KernelKind::kDepthwise
                                                                   : KernelKind::kMatrix;
  }
  KernelKind kind_of(const Linear&, const Node&) const { return KernelKind::kMatrix; }
  KernelKind kind_of(const BatchNorm&, const Node& node) const {
    const bool folds = policy_.fold_batch_norm && can_follow(node, true);
    return folds ? KernelKind::kNone : KernelKind::kNormalise;
  }
  KernelKind kind_of(const Activation& activation, const Node& node) const {
    if (activation.kind == ActivationKind::kIdentity) return KernelKind::kNone;
    const bool relu =
        activation.kind == ActivationKind::kRelu || activation.kind == ActivationKind::kRelu6;
    const bool fusible = relu ? policy_.fuse_relu : policy_.fuse_swish;
    return fusible && can_follow(node, false) ? KernelKind::kNone : KernelKind::kActivation;
  }
  KernelKind kind_of(const Add&, const Node&) const { return KernelKind::kElementwise; }
  KernelKind kind_of(const Multiply&, const Node&) const { return KernelKind::kElementwise; }
  KernelKind kind_of(const GlobalAveragePool&, const Node&) const {
    return KernelKind::kGlobalPool;
  }
  KernelKind kind_of(const Pool&, const Node&) const { return KernelKind::kStreaming; }
  KernelKind kind_of(const Concat&, const Node&) const { return KernelKind::kStreaming; }
  KernelKind kind_of(const SplitSoftmax&, const Node&) const { return KernelKind::kStreaming; }
  KernelKind kind_of(const SpaceToBatch&, const Node&) const { return KernelKind::kStreaming; }
  KernelKind kind_of(const BatchToSpace&, const Node&) const { return KernelKind::kStreaming; }
  KernelKind kind_of(const Slice&, const Node&) const { return KernelKind::kNone; }
  KernelKind kind_of(const Dropout&, const Node&) const { return KernelKind::kNone; }
  KernelKind kind_of(const DropConnect&, const Node&) const { return KernelKind::kNone; }
  KernelKind kind_of(const Input&, const Node&) const { return KernelKind::kNone; }

  const Network& network_;
  const SoftwarePolicy& policy_;
  std::vector<int> readers_;
  std::vector<FusedNode> fused_;
};

}  // namespace

bool is_depthwise(const Conv2d& conv, const Shape& input) {
  return conv.groups > 1 && conv.groups == input.channels;
}

std::vector<FusedNode> fuse(const Network& network, const SoftwarePolicy& policy) {
  return Fuser(network, policy).run();
}

}  // namespace ridgeline
