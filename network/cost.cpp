#include "network/cost.h"

namespace ridgeline {
namespace {

void count_weights(const Conv2d& conv, const Shape& in, const Shape& out, OperatorCost& cost) {
  const int64_t weights =
      in.channels / conv.groups * conv.out_channels * conv.kernel_h * conv.kernel_w;
  cost.params = weights + (conv.bias ? conv.out_channels : 0);
  cost.madds = weights * out.height * out.width * out.batch;
}

void count_weights(const Linear& linear, const Shape& in, const Shape&, OperatorCost& cost) {
  const int64_t weights = in.channels * linear.out_features;
  cost.params = weights + (linear.bias ? linear.out_features : 0);
  cost.madds = weights;
}

void count_weights(const BatchNorm&, const Shape& in, const Shape&, OperatorCost& cost) {
  cost.params = 2 * in.channels;
  cost.buffer_elements = 2 * in.channels;
}

template <class Other>
void count_weights(const Other&, const Shape&, const Shape&, OperatorCost&) {}

}  // namespace

OperatorCost& OperatorCost::operator+=(const OperatorCost& other) {
  params += other.params;
  madds += other.madds;
  weight_elements += other.weight_elements;
  input_elements += other.input_elements;
  output_elements += other.output_elements;
  buffer_elements += other.buffer_elements;
  return *this;
}

OperatorCost cost(const Network& network, int index) {
  const Node& node = network.node(index);
  OperatorCost result;
  if (node.inputs.empty()) return result;
  const Shape& in = network.node(node.inputs[0]).shape;
  std::visit([&](const auto& op) { count_weights(op, in, node.shape, result); }, node.op);
  result.weight_elements = result.params + result.buffer_elements;
  for (const int input : node.inputs) {
    result.input_elements += network.node(input).shape.elements();
  }
  result.output_elements = node.shape.elements();
  return result;
}

NetworkCost cost(const Network& network) {
  NetworkCost result;
  result.nodes.reserve(network.nodes().size());
  for (int i = 0; i < network.size(); ++i) {
    result.nodes.push_back(cost(network, i));
    result.total += result.nodes.back();
  }
  return result;
}

double NetworkCost::operational_intensity(int bytes_per_element, int batch) const {
  const double work = 2.0 * static_cast<double>(total.madds) * batch;
  const double elements = static_cast<double>(total.weight_elements) +
                          static_cast<double>(total.input_elements + total.output_elements) * batch;
  return work / (elements * bytes_per_element);
}

}  // namespace ridgeline
