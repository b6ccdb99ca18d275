#include "network/published/mobile.h"

#include <algorithm>
#include <cmath>

#include "network/published/input_size.h"

namespace ridgeline {
namespace {

class MobileBuilder {
 public:
  MobileBuilder(const std::string& name, int resolution, const MobileNetwork& config)
      : config_(config), builder_(name, {3, resolution, resolution, 1}) {
    for (const auto& stage : config.stages) blocks_ += stage.layers;
  }

  Network run(int classes) {
    x_ = conv("stem", {.out_channels = config_.stem_filters, .stride = 2}, 3, config_.activation);
    for (size_t i = 0; i < config_.stages.size(); ++i) {
      const MobileStage& stage = config_.stages[i];
      for (int layer = 0; layer < stage.layers; ++layer) {
        block("stage" + std::to_string(i + 1) + ".block" + std::to_string(layer), stage,
              layer == 0 ? stage.stride : 1);
      }
    }
    x_ = conv("head", {.out_channels = config_.head_filters}, 1, config_.activation);
    x_ = builder_.add("head.pool", GlobalAveragePool{}, {x_});
    if (config_.features > 0) {
      x_ = builder_.add("head.features", Linear{config_.features, true}, {x_});
      x_ = builder_.add("head.features_act", Activation{config_.activation}, {x_});
    }
    if (config_.dropout > 0) x_ = builder_.add("head.dropout", Dropout{config_.dropout}, {x_});
    builder_.add("classifier", Linear{classes, true}, {x_});
    return std::move(builder_).build();
  }

 private:
  int conv(const std::string& name, const Conv2d& conv, int kernel, ActivationKind activation) {
    return builder_.conv_bn_act(name, x_, windowed(conv, kernel), config_.batch_norm, activation);
  }
  Conv2d windowed(Conv2d conv, int kernel) const {
    conv.kernel_h = conv.kernel_w = kernel;
    conv.padding = config_.same_padding ? Padding::same() : Padding::of(kernel / 2, kernel / 2);
    return conv;
  }

  void block(const std::string& name, const MobileStage& stage, int stride) {
    const int entry = x_;
    const int64_t in = builder_.shape(x_).channels;
    const int64_t hidden =
        stage.expansion == 1 ? in : round_to_8(static_cast<double>(in) * stage.expansion);
    if (stage.fused && hidden == in) {
      x_ = conv(name + ".fused", {.out_channels = stage.filters, .stride = stride}, stage.kernel,
                stage.activation);
    } else {
      expand(name, stage, hidden, stride);
      if (stage.se_ratio > 0) squeeze_excite(name + ".se", stage, in);
      x_ = builder_.conv_bn(name + ".project", x_, {.out_channels = stage.filters},
                            config_.batch_norm);
    }
    if (stride == 1 && in == stage.filters) add_skip(name, entry);
    ++block_;
  }

  void expand(const std::string& name, const MobileStage& stage, int64_t hidden, int stride) {
    if (stage.fused) {
      x_ = conv(name + ".fused", {.out_channels = hidden, .stride = stride}, stage.kernel,
                stage.activation);
      return;
    }
    if (hidden != builder_.shape(x_).channels) {
      x_ = conv(name + ".expand", {.out_channels = hidden}, 1, stage.activation);
    }
    x_ = conv(name + ".depthwise", {.out_channels = hidden, .stride = stride, .groups = hidden},
              stage.kernel, stage.activation);
  }

  void squeeze_excite(const std::string& name, const MobileStage& stage, int64_t in) {
    if (config_.hard_squeeze_excite) {
      const auto hidden = static_cast<double>(builder_.shape(x_).channels);
      x_ = builder_.squeeze_excite(name, x_, round_to_8(hidden * stage.se_ratio),
                                   ActivationKind::kRelu, ActivationKind::kHardSigmoid);
      return;
    }
    const auto reduced = std::llround(static_cast<double>(in) * stage.se_ratio);
    x_ = builder_.squeeze_excite(name, x_, std::max<int64_t>(1, reduced), stage.activation);
  }

  void add_skip(const std::string& name, int entry) {
    const double rate = config_.drop_connect * block_ / blocks_;
    if (rate > 0) x_ = builder_.add(name + ".drop", DropConnect{rate}, {x_});
    x_ = builder_.add(name + ".add", Add{}, {x_, entry});
  }

  const MobileNetwork& config_;
  NetworkBuilder builder_;
  int x_ = 0;
  int block_ = 0, blocks_ = 0;
};

}  // namespace

int64_t round_to_8(double channels) {
  const int64_t nearest = std::max<int64_t>(8, static_cast<int64_t>(channels + 4) / 8 * 8);
  return static_cast<double>(nearest) < 0.9 * channels ? nearest + 8 : nearest;
}

Network mobile_network(const std::string& name, int resolution, const MobileNetwork& config,
                       int classes) {
  int reduction = 2;  // of the stem
  for (const auto& stage : config.stages) reduction *= stage.stride;
  require_resolution(name, resolution, reduction);
  return MobileBuilder(name, resolution, config).run(classes);
}

}  // namespace ridgeline
