#include "network/published/vgg.h"

#include <algorithm>

#include "network/published/input_size.h"
#include "network/published/torch_defaults.h"

namespace ridgeline {
namespace {

constexpr int64_t kFirstWidth = 64, kLargestWidth = 512, kHidden = 4096;
constexpr int kFinalSide = 7;
constexpr double kDropout = 0.5;

class VggBuilder {
 public:
  explicit VggBuilder(const VggConfig& config)
      : c_(config), builder_(config.name, {3, config.resolution, config.resolution, 1}) {}

  Network run() {
    for (size_t i = 0; i < c_.layers.size(); ++i) {
      const std::string stage = "stage" + std::to_string(i + 1);
      for (int layer = 1; layer <= c_.layers[i]; ++layer) {
        add_conv(stage + ".conv" + std::to_string(layer),
                 std::min(kFirstWidth << i, kLargestWidth));
      }
      x_ = builder_.add(stage + ".pool",
                        Pool{.kernel = 2, .stride = 2, .padding = Padding::valid()}, {x_});
    }
    add_hidden("head.fc1", kFinalSide);
    add_hidden("head.fc2", 1);
    x_ = builder_.add("head.pool", GlobalAveragePool{}, {x_});
    builder_.add("classifier", Linear{c_.classes, true}, {x_});
    return std::move(builder_).build();
  }

 private:
  void add_conv(const std::string& name, int64_t width) {
    const Conv2d conv{.out_channels = width,
                      .kernel_h = 3,
                      .kernel_w = 3,
                      .padding = Padding::of(1, 1),
                      .bias = true};
    x_ = builder_.add(name + ".conv", conv, {x_});
    if (c_.batch_norm) x_ = builder_.add(name + ".bn", kTorchBatchNorm, {x_});
    x_ = builder_.add(name + ".act", Activation{ActivationKind::kRelu}, {x_});
  }

  void add_hidden(const std::string& name, int kernel) {
    const Conv2d conv{.out_channels = kHidden,
                      .kernel_h = kernel,
                      .kernel_w = kernel,
                      .padding = Padding::valid(),
                      .bias = true};
    x_ = builder_.add(name + ".conv", conv, {x_});
    x_ = builder_.add(name + ".act", Activation{ActivationKind::kRelu}, {x_});
    x_ = builder_.add(name + ".dropout", Dropout{kDropout}, {x_});
  }

  const VggConfig& c_;
  NetworkBuilder builder_;
  int x_ = 0;
};

}  // namespace

Network vgg(const VggConfig& config) {
  if (config.layers.empty()) {
    throw Error(ErrorKind::kConfig, "network " + config.name + ": needs at least one stage");
  }
  require_resolution(config.name, config.resolution, kFinalSide << config.layers.size());
  return VggBuilder(config).run();
}

}  // namespace ridgeline
