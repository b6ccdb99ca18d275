#include "network/published/densenet.h"

#include "network/published/input_size.h"
#include "network/published/torch_defaults.h"

namespace ridgeline {
namespace {

constexpr int kDenseNetStem = 4;
constexpr int kBottleneck = 4;  // a layer's 1x1 is this many growths wide

class DenseNetBuilder {
 public:
  explicit DenseNetBuilder(const DenseNetConfig& config)
      : c_(config), builder_(config.name, {3, config.resolution, config.resolution, 1}) {}

  Network run() {
    const Conv2d stem{.out_channels = c_.stem_width,
                      .kernel_h = 7,
                      .kernel_w = 7,
                      .stride = 2,
                      .padding = Padding::of(3, 3)};
    x_ = builder_.conv_bn_act("stem", x_, stem, kTorchBatchNorm, ActivationKind::kRelu);
    x_ = builder_.add("stem.pool", Pool{.kernel = 3, .stride = 2, .padding = Padding::of(1, 1)},
                      {x_});
    for (size_t i = 0; i < c_.layers.size(); ++i) {
      const std::string name = "block" + std::to_string(i + 1);
      for (int layer = 0; layer < c_.layers[i]; ++layer) {
        add_layer(name + ".layer" + std::to_string(layer));
      }
      if (i + 1 < c_.layers.size()) add_transition("transition" + std::to_string(i + 1));
    }
    x_ = bn_act("head", x_);
    x_ = builder_.add("head.pool", GlobalAveragePool{}, {x_});
    builder_.add("classifier", Linear{c_.classes, true}, {x_});
    return std::move(builder_).build();
  }

 private:
  int bn_act(const std::string& name, int node) {
    node = builder_.add(name + ".bn", kTorchBatchNorm, {node});
    return builder_.add(name + ".act", Activation{ActivationKind::kRelu}, {node});
  }

  void add_layer(const std::string& name) {
    int node = bn_act(name + ".pre", x_);
    node = builder_.conv_bn_act(name + ".conv1", node,
                                {.out_channels = int64_t{kBottleneck} * c_.growth}, kTorchBatchNorm,
                                ActivationKind::kRelu);
    node = builder_.add(
        name + ".conv2.conv",
        Conv2d{
            .out_channels = c_.growth, .kernel_h = 3, .kernel_w = 3, .padding = Padding::of(1, 1)},
        {node});
    x_ = builder_.add(name + ".concat", Concat{}, {x_, node});
  }

  void add_transition(const std::string& name) {
    x_ = bn_act(name, x_);
    x_ =
        builder_.add(name + ".conv", Conv2d{.out_channels = builder_.shape(x_).channels / 2}, {x_});
    x_ = builder_.add(
        name + ".pool",
        Pool{.kind = Pool::Kind::kAverage, .kernel = 2, .stride = 2, .padding = Padding::valid()},
        {x_});
  }

  const DenseNetConfig& c_;
  NetworkBuilder builder_;
  int x_ = 0;
};

}  // namespace

Network densenet(const DenseNetConfig& config) {
  if (config.layers.empty()) {
    throw Error(ErrorKind::kConfig, "network " + config.name + ": needs at least one block");
  }
  require_resolution(config.name, config.resolution, kDenseNetStem << (config.layers.size() - 1));
  return DenseNetBuilder(config).run();
}

}  // namespace ridgeline
