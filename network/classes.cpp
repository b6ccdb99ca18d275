#include "network/classes.h"

#include <utility>

namespace ridgeline {

Network with_classes(const Network& network, int classes) {
  int head = network.size() - 1;
  while (head > 0 && !std::holds_alternative<Linear>(network.node(head).op)) --head;
  if (head == 0) {
    throw Error(ErrorKind::kConfig, "network " + network.name() +
                                        ": has no linear layer at its end, so it cannot be made "
                                        "for another number of classes");
  }
  NetworkBuilder builder(network.name(), network.input_shape());
  for (int i = 1; i < network.size(); ++i) {
    const Node& node = network.node(i);
    Operator op = node.op;
    if (i == head) std::get<Linear>(op).out_features = classes;
    builder.add(node.name, op, node.inputs);
  }
  return std::move(builder).build();
}

}  // namespace ridgeline
