#include "network/published/resnet.h"

#include <algorithm>

#include "network/published/input_size.h"
#include "network/published/torch_defaults.h"

namespace ridgeline {
namespace {

constexpr int kStemReduction = 4;
constexpr int kBottleneckExpansion = 4;

Conv2d conv1x1(int64_t out, int stride = 1) { return {.out_channels = out, .stride = stride}; }

Conv2d conv3x3(int64_t out, int stride, int64_t groups = 1) {
  return {.out_channels = out,
          .kernel_h = 3,
          .kernel_w = 3,
          .stride = stride,
          .groups = groups,
          .padding = Padding::of(1, 1)};
}

class ResNetBuilder {
 public:
  explicit ResNetBuilder(const ResNetConfig& config)
      : c_(config), builder_(config.name, {3, config.resolution, config.resolution, 1}) {}

  Network run() {
    add_stem();
    for (size_t stage = 0; stage < c_.layers.size(); ++stage) {
      const int64_t width = int64_t{64} << stage;
      for (int block = 0; block < c_.layers[stage]; ++block) {
        add_block("stage" + std::to_string(stage + 1) + ".block" + std::to_string(block), width,
                  stage > 0 && block == 0 ? 2 : 1);
      }
    }
    x_ = builder_.add("head.pool", GlobalAveragePool{}, {x_});
    builder_.add("classifier", Linear{c_.classes, true}, {x_});
    return std::move(builder_).build();
  }

 private:
  void add_stem() {
    if (c_.deep_stem > 0) {
      x_ = conv_bn_act("stem.conv1", conv3x3(c_.deep_stem, 2));
      x_ = conv_bn_act("stem.conv2", conv3x3(c_.deep_stem, 1));
      x_ = conv_bn_act("stem.conv3", conv3x3(int64_t{2} * c_.deep_stem, 1));
    } else {
      x_ = conv_bn_act("stem", {.out_channels = 64,
                                .kernel_h = 7,
                                .kernel_w = 7,
                                .stride = 2,
                                .padding = Padding::of(3, 3)});
    }
    x_ = builder_.add("stem.pool", Pool{.kernel = 3, .stride = 2, .padding = Padding::of(1, 1)},
                      {x_});
  }

  void add_block(const std::string& name, int64_t width, int stride) {
    const int entry = x_;
    const int64_t out = c_.bottleneck ? width * kBottleneckExpansion : width;
    if (c_.bottleneck) {
      add_bottleneck(name, width, out, stride);
    } else {
      x_ = conv_bn_act(name + ".conv1", conv3x3(width, stride));
      x_ = builder_.conv_bn(name + ".conv2", x_, conv3x3(width, 1), kTorchBatchNorm);
    }
    if (c_.se_reduction > 0) {
      x_ = builder_.squeeze_excite(name + ".se", x_, out / c_.se_reduction, ActivationKind::kRelu);
    }
    const bool same_shape = stride == 1 && builder_.shape(entry).channels == out;
    const int skip = same_shape ? entry : add_shortcut(name + ".shortcut", entry, out, stride);
    x_ = builder_.add(name + ".add", Add{}, {x_, skip});
    x_ = builder_.add(name + ".act", Activation{ActivationKind::kRelu}, {x_});
  }

  void add_bottleneck(const std::string& name, int64_t width, int64_t out, int stride) {
    const int64_t hidden = width * c_.base_width / 64 * c_.groups;
    x_ = conv_bn_act(name + ".conv1", conv1x1(hidden));
    if (c_.radix > 0) {
      add_split_attention(name + ".conv2", hidden);
      // ResNeSt moves the stride out of the convolution into a pool behind it.
      if (stride > 1) {
        x_ = builder_.add(name + ".pool",
                          Pool{.kind = Pool::Kind::kAverage,
                               .kernel = 3,
                               .stride = stride,
                               .padding = Padding::of(1, 1)},
                          {x_});
      }
    } else {
      x_ = conv_bn_act(name + ".conv2", conv3x3(hidden, stride, c_.groups));
    }
    x_ = builder_.conv_bn(name + ".conv3", x_, conv1x1(out), kTorchBatchNorm);
  }

  /// Split attention of Section 3: `radix` branches of one grouped convolution, weighted per
  /// channel by a softmax across the branches of what their pooled sum says.
  void add_split_attention(const std::string& name, int64_t width) {
    x_ = conv_bn_act(name, conv3x3(width * c_.radix, 1, c_.radix));
    int gate = builder_.add(name + ".gap", GlobalAveragePool{}, {sum_of_splits(name + ".sum", x_)});
    const Conv2d reduce{.out_channels = std::max<int64_t>(32, width * c_.radix / 4), .bias = true};
    gate =
        builder_.conv_bn_act(name + ".fc1", gate, reduce, kTorchBatchNorm, ActivationKind::kRelu);
    const Conv2d expand{.out_channels = width * c_.radix, .bias = true};
    gate = builder_.add(name + ".fc2", expand, {gate});
    gate = builder_.add(name + ".softmax", SplitSoftmax{c_.radix}, {gate});
    const int weighted = builder_.add(name + ".scale", Multiply{}, {x_, gate});
    x_ = sum_of_splits(name + ".merge", weighted);
  }

  int sum_of_splits(const std::string& name, int node) {
    const int64_t width = builder_.shape(node).channels / c_.radix;
    std::vector<int> splits;
    for (int i = 0; i < c_.radix; ++i) {
      splits.push_back(
          builder_.add(name + ".split" + std::to_string(i), Slice{i * width, width}, {node}));
    }
    return splits.size() == 1 ? splits[0] : builder_.add(name, Add{}, splits);
  }

  int add_shortcut(const std::string& name, int entry, int64_t out, int stride) {
    int node = entry;
    if (c_.average_shortcut && stride > 1) {
      node = builder_.add(name + ".pool",
                          Pool{.kind = Pool::Kind::kAverage,
                               .kernel = 2,
                               .stride = stride,
                               .padding = Padding::valid(),
                               .ceil_mode = true,
                               .count_padding = false},
                          {node});
      stride = 1;
    }
    return builder_.conv_bn(name, node, conv1x1(out, stride), kTorchBatchNorm);
  }

  int conv_bn_act(const std::string& name, const Conv2d& conv) {
    return builder_.conv_bn_act(name, x_, conv, kTorchBatchNorm, ActivationKind::kRelu);
  }

  const ResNetConfig& c_;
  NetworkBuilder builder_;
  int x_ = 0;
};

void check_resnet(const ResNetConfig& config) {
  const auto fail = [&](const std::string& what) {
    throw Error(ErrorKind::kConfig, "network " + config.name + ": " + what);
  };
  if (config.layers.empty() || *std::min_element(config.layers.begin(), config.layers.end()) < 1) {
    fail("needs at least one stage, and at least one block in each");
  }
  if (!config.bottleneck && (config.groups != 1 || config.base_width != 64 || config.radix > 0)) {
    fail("groups, base_width and radix are of bottlenecks; basic blocks have one width");
  }
  require_resolution(config.name, config.resolution, kStemReduction << (config.layers.size() - 1));
}

}  // namespace

Network resnet(const ResNetConfig& config) {
  check_resnet(config);
  return ResNetBuilder(config).run();
}

}  // namespace ridgeline
