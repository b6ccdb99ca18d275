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
  double bytes = 0;   ///< 0: it never exists, as a batch norm's before a fused activation
  bool kept = false;  ///< until its reader's backward pass
  int last_use = -1;
};

std::vector<Value> values_of(const Network& network, const TrainingMemoryOptions& options) {
  std::vector<Value> values(network.nodes().size());
  std::vector<int> readers(network.nodes().size());
  for (int i = 0; i < network.size(); ++i) {
    values[static_cast<size_t>(i)].last_use = i;
    for (const int input : network.node(i).inputs) {
      Value& read = values[static_cast<size_t>(input)];
      read.last_use = i;
      read.kept = read.kept || keeps_input(network.node(i).op);
      ++readers[static_cast<size_t>(input)];
    }
  }
  const auto unit = static_cast<double>(options.batch * options.bytes_per_value);
  for (int i = 0; i < network.size(); ++i) {
    const Node& node = network.node(i);
    Value& value = values[static_cast<size_t>(i)];
    value.bytes = unit * static_cast<double>(node.shape.elements());
    const int input = i == 0 ? 0 : node.inputs[0];
    if (options.fused_activations && is_fusible(node.op) &&
        readers[static_cast<size_t>(input)] == 1 &&
        std::holds_alternative<BatchNorm>(network.node(input).op)) {
      values[static_cast<size_t>(input)].bytes = 0;
    } else {
      value.kept = value.kept || keeps_output(node.op);
    }
  }
  return values;
}

}  // namespace

TrainingMemory training_memory(const Network& network, const TrainingMemoryOptions& options) {
  const std::vector<Value> values = values_of(network, options);
  double alive = 0, peak = 0;
  const int size = network.size();
  // Forward: a value that nobody keeps dies with its last reader.
  for (int i = 0; i < size; ++i) {
    alive += values[static_cast<size_t>(i)].bytes;
    peak = std::max(peak, alive);
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
    peak = std::max(peak, alive);
    const Value& own = values[static_cast<size_t>(i)];
    alive -= own.bytes;  // its gradient
    if (own.kept || i == size - 1) alive -= own.bytes;
  }
  return {.weights = static_cast<double>(options.copies_of_weights * options.bytes_per_value *
                                         cost(network).total.params),
          .activations = peak};
}

}  // namespace ridgeline
