#include <bit>
#include <cstring>

#include "network/network.h"

namespace ridgeline {
namespace {

/// A hundred times the largest published network; one of millions would take all memory.
constexpr int kMostNodes = 100000;

/// Infers the output shape of one operator; every failure names the node and the shapes it got.
class ShapeInference {
 public:
  ShapeInference(const std::string& name, const Operator& op, const std::vector<Node>& nodes,
                 const NodeInputs& inputs)
      : name_(name), op_(op), nodes_(nodes), inputs_(inputs) {}

  Shape infer() const {
    return std::visit([this](const auto& op) { return shape_of(op); }, op_);
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    std::vector<std::string> shapes;
    for (size_t i = 0; i < inputs_.size(); ++i) shapes.push_back(to_string(input(i)));
    throw Error(ErrorKind::kConfig, "network node " + name_ + " (" + describe(op_) + " on " +
                                        (shapes.empty() ? "nothing" : join(shapes)) + "): " + what);
  }
  // Takes no std::string: building one per check would cost more than the inference.
  void require(bool condition, const char* what) const {
    if (!condition) fail(what);
  }
  const Shape& input(size_t i) const { return nodes_[static_cast<size_t>(inputs_[i])].shape; }
  const Shape& only() const {
    require(inputs_.size() == 1, "takes exactly one input");
    return input(0);
  }
  Shape windowed(const Shape& in, int64_t channels, const std::array<WindowAxis, 2>& axes) const {
    for (const WindowAxis& axis : axes) {
      require(axis.kernel >= 1 && axis.stride >= 1, "kernel and stride must be at least 1");
      require(axis.explicit_pad >= 0, "padding must not be negative");
    }
    Shape out = in;
    out.channels = channels;
    out.height = resolve_padding(axes[0], in.height).out;
    out.width = resolve_padding(axes[1], in.width).out;
    require(out.height >= 1 && out.width >= 1,
            "the input is smaller than the kernel; use a larger resolution or fewer strides");
    return out;
  }

  Shape shape_of(const Input&) const { fail("only the first node is an input"); }
  Shape shape_of(const Conv2d& c) const {
    const Shape& in = only();
    require(c.out_channels >= 1, "needs at least one output channel");
    if (c.groups < 1 || in.channels % c.groups != 0 || c.out_channels % c.groups != 0) {
      fail("input and output channels must be multiples of groups = " + std::to_string(c.groups));
    }
    if (c.init == WeightInit::kSpaceToDepth) {
      require(c.groups == 1 && c.kernel_h == c.stride && c.kernel_w == c.stride &&
                  c.out_channels == in.channels * c.stride * c.stride,
              "space-to-depth needs kernel = stride = n and channels x n^2");
    }
    return windowed(in, c.out_channels, window_axes(c));
  }
  Shape shape_of(const BatchNorm& b) const {
    require(b.epsilon > 0 && b.momentum >= 0 && b.momentum <= 1,
            "epsilon must be positive and momentum from 0 to 1");
    return only();
  }
  Shape shape_of(const Activation&) const { return only(); }
  Shape shape_of(const Pool& p) const {
    const Shape& in = only();
    require(p.padding.height <= p.kernel / 2 && p.padding.width <= p.kernel / 2,
            "padding must be at most half the kernel");
    return windowed(in, in.channels, window_axes(p));
  }
  Shape shape_of(const GlobalAveragePool&) const {
    Shape out = only();
    out.height = out.width = 1;
    return out;
  }
  Shape shape_of(const Linear& l) const {
    const Shape& in = only();
    require(in.height == 1 && in.width == 1 && in.batch == 1,
            "needs a C x 1 x 1 input; pool first");
    require(l.out_features >= 1, "needs at least one output");
    return {l.out_features, 1, 1, 1};
  }
  Shape shape_of(const Add&) const {
    require(inputs_.size() >= 2, "takes at least two inputs");
    for (size_t i = 1; i < inputs_.size(); ++i) {
      require(input(i) == input(0), "all inputs must have one shape");
    }
    return input(0);
  }
  Shape shape_of(const Multiply&) const {
    require(inputs_.size() == 2, "takes two inputs");
    const Shape gate{input(0).channels, 1, 1, input(0).batch};
    require(input(1) == input(0) || input(1) == gate,
            "the second input must have the shape of the first, or its channels x 1 x 1");
    return input(0);
  }
  Shape shape_of(const Concat&) const {
    require(inputs_.size() >= 2, "takes at least two inputs");
    Shape out = input(0);
    out.channels = 0;
    for (size_t i = 0; i < inputs_.size(); ++i) {
      const Shape& shape = input(i);
      require(shape.height == out.height && shape.width == out.width && shape.batch == out.batch,
              "all inputs must have one height and width");
      out.channels += shape.channels;
    }
    return out;
  }
  Shape shape_of(const Slice& s) const {
    Shape out = only();
    if (s.begin < 0 || s.count < 1 || s.count > out.channels - s.begin) {
      fail("channels " + std::to_string(s.begin) + " to " + std::to_string(s.begin + s.count) +
           " are not all there");
    }
    out.channels = s.count;
    return out;
  }
  Shape shape_of(const SplitSoftmax& s) const {
    require(s.splits >= 1 && only().channels % s.splits == 0,
            "channels must be a multiple of the number of splits");
    return only();
  }
  Shape shape_of(const Dropout& d) const { return rated(d.rate); }
  Shape shape_of(const DropConnect& d) const { return rated(d.rate); }
  Shape rated(double rate) const {
    require(rate >= 0 && rate < 1, "the rate must be at least 0 and below 1");
    return only();
  }
  Shape shape_of(const SpaceToBatch& s) const {
    Shape out = only();
    require(s.block >= 2, "the block must be at least 2");
    out.batch *= static_cast<int64_t>(s.block) * s.block;
    out.height = (out.height + s.block - 1) / s.block;
    out.width = (out.width + s.block - 1) / s.block;
    return out;
  }
  Shape shape_of(const BatchToSpace& s) const {
    Shape out = only();
    const int64_t images = static_cast<int64_t>(s.block) * s.block;
    require(s.block >= 2 && out.batch % images == 0,
            "its input comes from no space-to-batch of this block");
    require(s.height >= 1 && s.height <= out.height * s.block && s.width >= 1 &&
                s.width <= out.width * s.block,
            "cannot crop to more than there is");
    out.batch /= images;
    out.height = s.height;
    out.width = s.width;
    return out;
  }

  const std::string& name_;
  const Operator& op_;
  const std::vector<Node>& nodes_;
  const NodeInputs& inputs_;
};

/// Three words of a name: its head, its tail and what stands in the middle. Names of one network
/// differ in one of them as a rule, and hashing every byte would take longer than all the
/// comparisons.
uint64_t hash_of(const std::string& name) {
  uint64_t head = 0, middle = 0, tail = 0;
  const size_t word = std::min(name.size(), sizeof head);
  std::memcpy(&head, name.data(), word);
  std::memcpy(&middle, name.data() + (name.size() - word) / 2, word);
  std::memcpy(&tail, name.data() + name.size() - word, word);
  constexpr uint64_t kMix = 0x9e3779b97f4a7c15;  // odd, its bits spread evenly
  uint64_t hash = (head + name.size()) * kMix;
  hash = (std::rotl(hash, 29) ^ middle) * kMix;
  hash = (std::rotl(hash, 29) ^ tail) * kMix;
  return hash >> 32;
}

/// A set of nodes by name: open addressing, since one allocation per name would cost more than all
/// of the comparisons.
class NameSet {
 public:
  explicit NameSet(const std::vector<Node>& nodes)
      : nodes_(nodes), slots_(std::bit_ceil(4 * nodes.size()), kFree) {}

  /// False when a node of this name was added before.
  bool add(int node) {
    const std::string& name = nodes_[static_cast<size_t>(node)].name;
    const size_t mask = slots_.size() - 1;
    size_t at = hash_of(name) & mask;
    for (; slots_[at] != kFree; at = (at + 1) & mask) {
      if (nodes_[static_cast<size_t>(slots_[at])].name == name) return false;
    }
    slots_[at] = node;
    return true;
  }

 private:
  static constexpr int kFree = -1;
  const std::vector<Node>& nodes_;
  std::vector<int> slots_;
};

}  // namespace

NetworkBuilder::NetworkBuilder(std::string_view name, const Shape& input) {
  network_.name_ = name;
  if (input.channels < 1 || input.height < 1 || input.width < 1 || input.batch != 1) {
    throw Error(ErrorKind::kConfig, "network " + network_.name_ + ": the input shape " +
                                        to_string(input) + " must be positive");
  }
  network_.nodes_.push_back({"input", Input{}, {}, input});
}

int NetworkBuilder::add_part(std::string_view owner, std::string_view part, const Operator& op,
                             NodeInputs inputs) {
  if (network_.size() >= kMostNodes) {
    throw Error(ErrorKind::kConfig, "network " + network_.name() + ": has more than " +
                                        std::to_string(kMostNodes) +
                                        " operators; give it fewer stages or layers");
  }
  Node node{std::string(owner).append(part), op, std::move(inputs), {}};
  for (const int index : node.inputs) {
    if (index < 0 || index >= network_.size()) {
      throw Error(ErrorKind::kInternal, "network node " + node.name + ": input " +
                                            std::to_string(index) + " does not exist yet");
    }
  }
  node.shape = ShapeInference(node.name, op, network_.nodes_, node.inputs).infer();
  network_.nodes_.push_back(std::move(node));
  return network_.size() - 1;
}

int NetworkBuilder::conv_bn(const std::string& name, int input, const Conv2d& conv,
                            const BatchNorm& bn) {
  return add_part(name, ".bn", bn, {add_part(name, ".conv", conv, {input})});
}

int NetworkBuilder::conv_bn_act(const std::string& name, int input, const Conv2d& conv,
                                const BatchNorm& bn, ActivationKind act) {
  return add_part(name, ".act", Activation{act}, {conv_bn(name, input, conv, bn)});
}

int NetworkBuilder::squeeze_excite(const std::string& name, int input, int64_t reduced,
                                   ActivationKind act, ActivationKind gate) {
  const int64_t channels = shape(input).channels;
  int x = add_part(name, ".pool", GlobalAveragePool{}, {input});
  x = add_part(name, ".reduce", Conv2d{.out_channels = reduced, .bias = true}, {x});
  x = add_part(name, ".act", Activation{act}, {x});
  x = add_part(name, ".expand", Conv2d{.out_channels = channels, .bias = true}, {x});
  x = add_part(name, ".gate", Activation{gate}, {x});
  return add_part(name, ".scale", Multiply{}, {input, x});
}

Network NetworkBuilder::build() && {
  std::vector<bool> read(network_.nodes_.size(), false);
  NameSet names(network_.nodes_);
  for (int i = 0; i < network_.size(); ++i) {
    const Node& node = network_.node(i);
    for (const int input : node.inputs) read[static_cast<size_t>(input)] = true;
    if (!names.add(i)) {
      throw Error(ErrorKind::kInternal, "network node " + node.name + ": the name is taken");
    }
  }
  for (int i = 0; i + 1 < network_.size(); ++i) {
    if (!read[static_cast<size_t>(i)]) {
      throw Error(ErrorKind::kInternal,
                  "network node " + network_.node(i).name + ": nobody reads its output");
    }
  }
  return std::move(network_);
}

}  // namespace ridgeline
