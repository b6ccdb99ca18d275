#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/error.h"
#include "network/node_inputs.h"

namespace ridgeline {

/// Shape of a node's output for one image. `batch` is 1 except between space-to-batch and
/// batch-to-space, where one image stands as `batch` smaller ones.
struct Shape {
  int64_t channels = 0;
  int64_t height = 1;
  int64_t width = 1;
  int64_t batch = 1;
  int64_t elements() const { return batch * channels * height * width; }
  bool operator==(const Shape&) const = default;
};
std::string to_string(const Shape& shape);

/// `kRelu6` = min(relu(x), 6); the hard forms are MobileNetV3's (Howard et al. 2019): hard sigmoid
/// = relu6(x + 3) / 6, hard swish = x * hard sigmoid(x).
enum class ActivationKind { kIdentity, kRelu, kSwish, kSigmoid, kRelu6, kHardSwish, kHardSigmoid };

/// SAME: out = ceil(in / stride), the odd remainder of padding at the bottom and right
/// (TensorFlow). VALID: no padding. Explicit: `height` rows above and below, `width` columns left
/// and right. Shifted: SAME with every window one cell further down and right (the second path of
/// NASNet's factorised reduction), so that `before` may be -1: a row and column that is cut off.
struct Padding {
  enum class Mode { kSame, kValid, kExplicit, kShifted };
  Mode mode = Mode::kSame;
  int height = 0;
  int width = 0;
  static Padding same() { return {}; }
  static Padding valid() { return {Mode::kValid, 0, 0}; }
  static Padding shifted() { return {Mode::kShifted, 0, 0}; }
  static Padding of(int height, int width) { return {Mode::kExplicit, height, width}; }
  bool operator==(const Padding&) const = default;
};

/// Padding of one axis resolved for an input size: cells before and after, and the output size.
struct ResolvedPadding {
  int64_t before = 0, after = 0, out = 0;
};
/// A window along one axis; `explicit_pad` counts in mode `kExplicit` only.
struct WindowAxis {
  Padding::Mode mode = Padding::Mode::kSame;
  int explicit_pad = 0;
  int kernel = 1, stride = 1;
  bool ceil_mode = false;
};
ResolvedPadding resolve_padding(const WindowAxis& axis, int64_t in);

/// How a convolution's weights start. `kSpaceToDepth`: output channel c*n*n + row*n + col copies
/// cell (row, col) of input channel c, so that the layer is the exact reshape before training.
enum class WeightInit { kHe, kSpaceToDepth };

struct Input {};
struct Conv2d {
  int64_t out_channels = 0;
  int kernel_h = 1, kernel_w = 1;
  int stride = 1;
  int64_t groups = 1;
  Padding padding = {};
  bool bias = false;
  WeightInit init = WeightInit::kHe;
};
struct BatchNorm {
  double epsilon = 1e-3;
  double momentum = 0.01;  ///< weight of the new batch in the moving average (PyTorch's convention)
};
struct Activation {
  ActivationKind kind = ActivationKind::kRelu;
};
struct Pool {
  enum class Kind { kMax, kAverage };
  Kind kind = Kind::kMax;
  int kernel = 2, stride = 2;
  Padding padding = {};
  bool ceil_mode = false;
  bool count_padding = true;  ///< average pools: padded cells count in the mean
};
/// The axes of a convolution's or a pool's window: height, then width.
std::array<WindowAxis, 2> window_axes(const Conv2d& conv);
std::array<WindowAxis, 2> window_axes(const Pool& pool);
struct GlobalAveragePool {};  ///< C x H x W -> C x 1 x 1
struct Linear {               ///< C x 1 x 1 -> out x 1 x 1
  int64_t out_features = 0;
  bool bias = true;
};
struct Add {};       ///< equal shapes
struct Multiply {};  ///< first input C x H x W, second C x H x W or C x 1 x 1 (broadcast)
struct Concat {};    ///< along channels
struct Slice {       ///< channels [begin, begin + count)
  int64_t begin = 0, count = 0;
};
struct SplitSoftmax {  ///< softmax across `splits` equal groups of channels (split attention)
  int64_t splits = 1;
};
struct Dropout {
  double rate = 0.0;
};
/// Stochastic depth: drops the branch per image and scales by 1 / (1 - rate). Between
/// space-to-batch and batch-to-space each of the smaller images is dropped on its own.
struct DropConnect {
  double rate = 0.0;
};
struct SpaceToBatch {  ///< N x C x H x W -> N n^2 x C x ceil(H/n) x ceil(W/n), zero-padded
  int block = 2;
};
struct BatchToSpace {  ///< inverse; crops to `height` x `width`
  int block = 2;
  int64_t height = 0, width = 0;
};

using Operator = std::variant<Input, Conv2d, BatchNorm, Activation, Pool, GlobalAveragePool, Linear,
                              Add, Multiply, Concat, Slice, SplitSoftmax, Dropout, DropConnect,
                              SpaceToBatch, BatchToSpace>;

/// "conv 3x3/2", "depthwise 5x5", "swish", ...
std::string describe(const Operator& op);
const char* to_string(ActivationKind kind);

struct Node {
  std::string
      name;  ///< dotted and unique, such as "stage4.block0.expand.conv"; the same in every export
  Operator op;
  NodeInputs inputs;
  Shape shape;  ///< of the output
};

/// A shape-resolved, immutable graph in topological order: node 0 is the input, the last node the
/// output. Plain data, free of LibTorch: cost, oracles, runtime and exporters are readers of it.
class Network {
 public:
  const std::string& name() const { return name_; }
  const std::vector<Node>& nodes() const { return nodes_; }
  const Node& node(int index) const { return nodes_[static_cast<size_t>(index)]; }
  int size() const { return static_cast<int>(nodes_.size()); }
  const Shape& input_shape() const { return nodes_.front().shape; }
  const Shape& output_shape() const { return nodes_.back().shape; }

 private:
  friend class NetworkBuilder;
  std::string name_;
  std::vector<Node> nodes_;
};

/// Adds operators one by one and infers every shape. An operator that does not fit its inputs is an
/// `Error` (`kConfig`) that names the node.
class NetworkBuilder {
 public:
  NetworkBuilder(std::string_view name, const Shape& input);

  int input() const { return 0; }
  int add(std::string_view name, const Operator& op, NodeInputs inputs) {
    return add_part(name, "", op, std::move(inputs));
  }
  const Shape& shape(int node) const { return network_.nodes_[static_cast<size_t>(node)].shape; }

  // The compounds that every network uses. Each adds "<name>.conv", "<name>.bn", "<name>.act".
  int conv_bn(const std::string& name, int input, const Conv2d& conv, const BatchNorm& bn);
  int conv_bn_act(const std::string& name, int input, const Conv2d& conv, const BatchNorm& bn,
                  ActivationKind act);
  /// Squeeze-and-excite: pool, 1x1 to `reduced`, `act`, 1x1 back, `gate`, multiply.
  int squeeze_excite(const std::string& name, int input, int64_t reduced, ActivationKind act,
                     ActivationKind gate = ActivationKind::kSigmoid);

  /// The finished network; its last node must be the only one that nobody reads.
  Network build() &&;

 private:
  /// The node is called `owner` followed by `part`.
  int add_part(std::string_view owner, std::string_view part, const Operator& op,
               NodeInputs inputs);

  Network network_;
};

}  // namespace ridgeline
