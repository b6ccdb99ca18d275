#include "latency/measurement/units.h"

#include <algorithm>
#include <map>

namespace ridgeline {
namespace {

template <class T>
bool is(const Node& node) {
  return std::holds_alternative<T>(node.op);
}

bool is_free(const Node& node) {
  const auto* activation = std::get_if<Activation>(&node.op);
  return is<Input>(node) || is<Dropout>(node) || is<DropConnect>(node) ||
         (activation && activation->kind == ActivationKind::kIdentity);
}

std::string padding_text(const Padding& padding) {
  if (padding.mode == Padding::Mode::kSame) return " same";
  if (padding.mode == Padding::Mode::kValid) return " valid";
  return " pad " + std::to_string(padding.height) + "x" + std::to_string(padding.width);
}

/// What `describe` leaves out and the time depends on.
std::string details(const Node& node) {
  if (const auto* conv = std::get_if<Conv2d>(&node.op)) {
    return padding_text(conv->padding) + " to " + std::to_string(conv->out_channels) +
           (conv->groups > 1 ? " groups " + std::to_string(conv->groups) : "") +
           (conv->bias ? " bias" : "");
  }
  if (const auto* linear = std::get_if<Linear>(&node.op))
    return " to " + std::to_string(linear->out_features) + (linear->bias ? " bias" : "");
  if (const auto* pool = std::get_if<Pool>(&node.op)) {
    return padding_text(pool->padding) + (pool->ceil_mode ? " ceil" : "") +
           (pool->count_padding ? "" : " inside");
  }
  if (const auto* slice = std::get_if<Slice>(&node.op))
    return std::string(" ") + std::to_string(slice->begin) + "+" + std::to_string(slice->count);
  if (const auto* split = std::get_if<SplitSoftmax>(&node.op))
    return " of " + std::to_string(split->splits);
  if (const auto* space = std::get_if<BatchToSpace>(&node.op))
    return " to " + std::to_string(space->height) + "x" + std::to_string(space->width);
  return {};
}

class UnitFinder {
 public:
  explicit UnitFinder(const Network& network)
      : network_(network),
        readers_(static_cast<size_t>(network.size())),
        taken_(static_cast<size_t>(network.size()), false) {
    for (int i = 0; i < network.size(); ++i) {
      for (const int input : network.node(i).inputs)
        readers_[static_cast<size_t>(input)].push_back(i);
    }
  }

  std::vector<Unit> run() {
    std::vector<Unit> units;
    for (int i = 1; i < network_.size(); ++i) {
      if (taken_[static_cast<size_t>(i)] || is_free(network_.node(i))) continue;
      Unit unit{.nodes = nodes_from(i), .inputs = {}, .signature = {}};
      for (const int node : unit.nodes) taken_[static_cast<size_t>(node)] = true;
      complete(unit);
      units.push_back(std::move(unit));
    }
    return units;
  }

 private:
  const std::vector<int>& readers(int node) const { return readers_[static_cast<size_t>(node)]; }

  std::vector<int> nodes_from(int first) const {
    const Node& node = network_.node(first);
    if (is<GlobalAveragePool>(node)) {
      const auto gate = squeeze_excite_from(first);
      return gate.empty() ? std::vector<int>{first} : gate;
    }
    std::vector<int> nodes{first};
    if (!is<Conv2d>(node) && !is<Linear>(node)) return nodes;
    while (readers(nodes.back()).size() == 1) {
      const int next = readers(nodes.back())[0];
      if (!is<BatchNorm>(network_.node(next)) && !is<Activation>(network_.node(next))) break;
      nodes.push_back(next);
    }
    return nodes;
  }

  /// Pool, layers in a line, and the product with what was pooled; empty where it is none.
  std::vector<int> squeeze_excite_from(int pool) const {
    std::vector<int> nodes{pool};
    while (readers(nodes.back()).size() == 1) {
      nodes.push_back(readers(nodes.back())[0]);
      const Node& node = network_.node(nodes.back());
      if (is<Multiply>(node))
        return node.inputs[0] == network_.node(pool).inputs[0] ? nodes : std::vector<int>{};
      if (node.inputs.size() != 1) break;
    }
    return {};
  }

  void complete(Unit& unit) const {
    for (const int node : unit.nodes) {
      for (const int input : network_.node(node).inputs) {
        const bool inside =
            std::find(unit.nodes.begin(), unit.nodes.end(), input) != unit.nodes.end();
        const bool known =
            std::find(unit.inputs.begin(), unit.inputs.end(), input) != unit.inputs.end();
        if (!inside && !known) unit.inputs.push_back(input);
      }
    }
    std::vector<std::string> inputs, parts;
    for (const int input : unit.inputs) {
      inputs.push_back(to_string(network_.node(input).shape) +
                       (is<Input>(network_.node(input)) ? " images" : ""));
    }
    for (const int node : unit.nodes) {
      if (is_free(network_.node(node))) continue;
      parts.push_back(describe(network_.node(node).op) + details(network_.node(node)));
    }
    unit.signature = join(inputs, " & ") + ": " + join(parts);
  }

  const Network& network_;
  std::vector<std::vector<int>> readers_;
  std::vector<bool> taken_;
};

/// Adds a node of `like`'s shape to the host: elementwise where the shape allows it.
int produce(NetworkBuilder& builder, const std::string& name, const Shape& like) {
  const Shape& images = builder.shape(builder.input());
  if (like == images)
    return builder.add(name, Activation{ActivationKind::kRelu}, {builder.input()});
  int from = builder.input();
  if (like.height == 1 && like.width == 1 && images.height * images.width > 1)
    from = builder.add(name + ".pool", GlobalAveragePool{}, {from});
  if (builder.shape(from).channels != like.channels)
    from = builder.add(name + ".conv", Conv2d{.out_channels = like.channels}, {from});
  if (builder.shape(from) != like) {
    throw Error(ErrorKind::kInternal,
                "latency table: no operator makes " + to_string(like) + " of " + to_string(images));
  }
  return builder.add(name, Activation{ActivationKind::kRelu}, {from});
}

}  // namespace

std::vector<Unit> units_of(const Network& network) { return UnitFinder(network).run(); }

HostNetwork host_network_of(const Network& network, const Unit& unit) {
  // A network starts with whole images; only what undoes space-to-batch must see it done.
  const auto* undo = std::get_if<BatchToSpace>(&network.node(unit.nodes[0]).op);
  Shape entry = network.node(unit.inputs[0]).shape;
  HostNetwork host{.network = {}, .timed = {}, .images = undo ? 1 : entry.batch};
  if (undo) entry = {entry.channels, undo->height, undo->width};
  entry.batch = 1;
  NetworkBuilder builder(unit.signature, entry);
  std::map<int, int> here;  // by node of the network
  // The last one written is the main input, which was made last in the network too.
  for (size_t i = unit.inputs.size(); i-- > 0;) {
    const Node& input = network.node(unit.inputs[i]);
    const std::string name = "input" + std::to_string(i);
    Shape shape = input.shape;
    shape.batch = 1;
    if (is<Input>(input)) {
      here[unit.inputs[i]] = builder.input();
    } else if (undo) {
      const int blocks =
          builder.add(name + ".blocks", SpaceToBatch{undo->block}, {builder.input()});
      here[unit.inputs[i]] = builder.add(name, Activation{ActivationKind::kRelu}, {blocks});
    } else {
      here[unit.inputs[i]] = produce(builder, name, shape);
    }
  }
  for (const int index : unit.nodes) {
    std::vector<int> inputs;
    for (const int input : network.node(index).inputs) inputs.push_back(here.at(input));
    here[index] = builder.add(network.node(index).name, network.node(index).op, inputs);
    host.timed.push_back(here[index]);
  }
  host.network = std::move(builder).build();
  return host;
}

}  // namespace ridgeline
