#include "network/training_memory.h"

#include <algorithm>
#include <vector>

#include "network/cost.h"

namespace ridgeline {
namespace {

bool keeps_input(const Operator& op) {
  if (const auto* activation = std::get_if<Activation>(&op))
    return activation->kind == ActivationKind::kSwish ||
           activation->kind == ActivationKind::kHardSwish ||
           activation->kind == ActivationKind::kHardSigmoid ||
           activation->kind == ActivationKind::kRelu6;
  return std::holds_alternative<Conv2d>(op) || std::holds_alternative<BatchNorm>(op) ||
         std::holds_alternative<Linear>(op) || std::holds_alternative<Multiply>(op) ||
         std::holds_alternative<Pool>(op);
}

/// The values of a padded copy of the input that a convolution keeps in place of the input:
/// LibTorch pads by itself only where both sides get the same. 0: none. Ridgeline's depthwise
/// kernel pads as it goes.
int64_t padded_elements(const Network& network, const Node& node, bool own_kernels) {
  const auto* conv = std::get_if<Conv2d>(&node.op);
  if (conv == nullptr) return 0;
  const Shape& in = network.node(node.inputs[0]).shape;
  if (own_kernels && conv->groups == in.channels && conv->groups > 1) return 0;
  const auto axes = window_axes(*conv);
  const ResolvedPadding h = resolve_padding(axes[0], in.height);
  const ResolvedPadding w = resolve_padding(axes[1], in.width);
  if (h.before == h.after && w.before == w.after) return 0;
  return in.batch * in.channels * (in.height + h.before + h.after) *
         (in.width + w.before + w.after);
}

bool keeps_output(const Operator& op) {
  if (const auto* activation = std::get_if<Activation>(&op))
    return activation->kind == ActivationKind::kRelu ||
           activation->kind == ActivationKind::kSigmoid;
  return std::holds_alternative<SplitSoftmax>(op);
}

bool is_fusible(const Operator& op) {
  const auto* activation = std::get_if<Activation>(&op);
  return activation != nullptr &&
         (activation->kind == ActivationKind::kRelu || activation->kind == ActivationKind::kSwish);
}

/// What happens to each node's output.
struct Value {
  double copy = 0;    ///< of its input, which the operator keeps
  double bytes = 0;   ///< 0: it never exists, as a batch norm's before a fused activation
  bool kept = false;  ///< until its reader's backward pass
  int last_use = -1;
};

std::vector<Value> values_of(const Network& network, const TrainingMemoryOptions& options) {
  std::vector<Value> values(network.nodes().size());
  std::vector<int> readers(network.nodes().size());
  std::vector<int64_t> padded(network.nodes().size());
  for (int i = 0; i < network.size(); ++i) {
    if (i > 0) {
      padded[static_cast<size_t>(i)] =
          padded_elements(network, network.node(i), options.own_kernels);
    }
    values[static_cast<size_t>(i)].last_use = i;
    for (const int input : network.node(i).inputs) {
      Value& read = values[static_cast<size_t>(input)];
      read.last_use = i;
      read.kept =
          read.kept || (keeps_input(network.node(i).op) && padded[static_cast<size_t>(i)] == 0);
      ++readers[static_cast<size_t>(input)];
    }
  }
  const auto unit = static_cast<double>(options.batch * options.bytes_per_value);
  for (int i = 0; i < network.size(); ++i) {
    const Node& node = network.node(i);
    Value& value = values[static_cast<size_t>(i)];
    value.bytes = unit * static_cast<double>(node.shape.elements());
    value.copy = unit * static_cast<double>(padded[static_cast<size_t>(i)]);
    const int input = i == 0 ? 0 : node.inputs[0];
    if (options.own_kernels && is_fusible(node.op) && readers[static_cast<size_t>(input)] == 1 &&
        std::holds_alternative<BatchNorm>(network.node(input).op)) {
      values[static_cast<size_t>(input)].bytes = 0;
    } else {
      value.kept = value.kept || keeps_output(node.op);
    }
  }
  return values;
}

/// What an operator takes for a moment: the product before it is summed over an image (the gradient
/// of a gate), the copies of a reshape.
double passing_bytes(const Operator& op, const Value& value) {
  const bool copies = std::holds_alternative<Multiply>(op) ||
                      std::holds_alternative<SpaceToBatch>(op) ||
                      std::holds_alternative<BatchToSpace>(op);
  return copies ? value.bytes : 0;
}

}  // namespace

TrainingMemory training_memory(const Network& network, const TrainingMemoryOptions& options) {
  const std::vector<Value> values = values_of(network, options);
  double alive = 0, peak = 0;
  const int size = network.size();
  // Forward: a value that nobody keeps dies with its last reader.
  for (int i = 0; i < size; ++i) {
    alive += values[static_cast<size_t>(i)].bytes + values[static_cast<size_t>(i)].copy;
    peak =
        std::max(peak, alive + passing_bytes(network.node(i).op, values[static_cast<size_t>(i)]));
    for (int j = 0; j < i; ++j) {
      const Value& value = values[static_cast<size_t>(j)];
      if (value.last_use == i && !value.kept) alive -= value.bytes;
    }
  }
  // Backward: the gradient of a value begins at its last reader and ends at its own operator, and
  // so does what was kept of it.
  std::vector<bool> has_gradient(values.size());
  for (int i = size - 1; i > 0; --i) {
    for (const int reads : network.node(i).inputs) {
      const bool is_fused = reads > 0 && values[static_cast<size_t>(reads)].bytes == 0;
      const int input = is_fused ? network.node(reads).inputs[0] : reads;
      const auto at = static_cast<size_t>(input);
      if (has_gradient[at] || input == 0) continue;
      has_gradient[at] = true;
      alive += values[at].bytes;
    }
    const Value& own = values[static_cast<size_t>(i)];
    peak = std::max(peak, alive + passing_bytes(network.node(i).op, own) +
                              own.copy);  // the gradient of the copy
    alive -= own.bytes + own.copy;        // its gradient
    if (own.kept || i == size - 1) alive -= own.bytes;
  }
  double largest = 0;
  for (int i = 1; i < size; ++i) {
    const Node& node = network.node(i);
    const auto* conv = std::get_if<Conv2d>(&node.op);
    const bool is_dense =
        conv != nullptr && conv->groups == 1 && conv->kernel_h * conv->kernel_w > 1;
    if (!is_dense) continue;
    const int64_t elements = network.node(node.inputs[0]).shape.elements() + node.shape.elements();
    largest =
        std::max(largest, static_cast<double>(options.batch * options.bytes_per_value * elements));
  }
  const int64_t weight_bytes =
      int64_t{options.copies_of_weights} * options.bytes_per_value * cost(network).total.params;
  return {static_cast<double>(weight_bytes), peak, largest};
}

}  // namespace ridgeline
