#include "network/published/regnet.h"

#include <algorithm>
#include <cmath>

#include "core/config.h"
#include "network/published/input_size.h"
#include "network/published/torch_defaults.h"

namespace ridgeline {
namespace {

constexpr int kWidthStep = 8;

/// numpy and Python round halves to even; a half-up rounding would give RegNetY-800MF stages of
/// 144 and 784 channels where the authors have 128 and 768.
int to_multiple(double value, int step) {
  return static_cast<int>(std::nearbyint(value / step)) * step;
}

void check_regnet(const RegNetRule& rule) {
  const auto require = [](bool good, const std::string& what, double value) {
    if (good) return;
    throw Error(ErrorKind::kConfig,
                "RegNet rule: " + what + ", not " + ConfigWriter::plain_number(value));
  };
  require(rule.slope >= 0 && std::isfinite(rule.slope), "slope (w_a) must be at least 0",
          rule.slope);
  require(rule.width_0 > 0 && rule.width_0 % kWidthStep == 0,
          "width_0 (w_0) must be a positive multiple of 8", rule.width_0);
  require(rule.multiplier > 1 && std::isfinite(rule.multiplier), "multiplier (w_m) must be above 1",
          rule.multiplier);
  require(rule.depth >= 1, "depth must be at least 1", rule.depth);
  require(rule.group_width >= 1, "group_width must be at least 1", rule.group_width);
}

class RegNetBuilder {
 public:
  explicit RegNetBuilder(const RegNetConfig& config)
      : c_(config), builder_(config.name, {3, config.resolution, config.resolution, 1}) {}

  Network run() {
    x_ = conv_bn_act("stem", spatial(c_.stem_width, 2, 1));
    for (size_t i = 0; i < c_.stages.size(); ++i) {
      for (int block = 0; block < c_.stages[i].depth; ++block) {
        add_block("stage" + std::to_string(i + 1) + ".block" + std::to_string(block), c_.stages[i],
                  block == 0 ? 2 : 1);
      }
    }
    x_ = builder_.add("head.pool", GlobalAveragePool{}, {x_});
    builder_.add("classifier", Linear{c_.classes, true}, {x_});
    return std::move(builder_).build();
  }

 private:
  static Conv2d spatial(int64_t width, int stride, int64_t groups) {
    return {.out_channels = width,
            .kernel_h = 3,
            .kernel_w = 3,
            .stride = stride,
            .groups = groups,
            .padding = Padding::of(1, 1)};
  }

  void add_block(const std::string& name, const RegNetStage& stage, int stride) {
    const int entry = x_;
    const int64_t in = builder_.shape(entry).channels;
    x_ = conv_bn_act(name + ".conv1", {.out_channels = stage.width});
    x_ =
        conv_bn_act(name + ".conv2", spatial(stage.width, stride, stage.width / stage.group_width));
    if (c_.se_ratio > 0) {
      const auto reduced = std::llround(c_.se_ratio * static_cast<double>(in));
      x_ = builder_.squeeze_excite(name + ".se", x_, std::max<int64_t>(1, reduced),
                                   ActivationKind::kRelu);
    }
    x_ = builder_.conv_bn(name + ".conv3", x_, {.out_channels = stage.width}, kTorchBatchNorm);
    const bool same_shape = stride == 1 && in == stage.width;
    const int skip = same_shape ? entry
                                : builder_.conv_bn(name + ".shortcut", entry,
                                                   {.out_channels = stage.width, .stride = stride},
                                                   kTorchBatchNorm);
    x_ = builder_.add(name + ".add", Add{}, {x_, skip});
    x_ = builder_.add(name + ".act", Activation{ActivationKind::kRelu}, {x_});
  }

  int conv_bn_act(const std::string& name, const Conv2d& conv) {
    return builder_.conv_bn_act(name, x_, conv, kTorchBatchNorm, ActivationKind::kRelu);
  }

  const RegNetConfig& c_;
  NetworkBuilder builder_;
  int x_ = 0;
};

}  // namespace

std::vector<RegNetStage> regnet_stages(const RegNetRule& rule) {
  check_regnet(rule);
  std::vector<RegNetStage> stages;
  for (int block = 0; block < rule.depth; ++block) {
    const double wanted = rule.width_0 + rule.slope * block;
    const double power =
        std::nearbyint(std::log(wanted / rule.width_0) / std::log(rule.multiplier));
    const int width = to_multiple(rule.width_0 * std::pow(rule.multiplier, power), kWidthStep);
    if (stages.empty() || stages.back().width != width) stages.push_back({width, 0, 0});
    ++stages.back().depth;
  }
  for (RegNetStage& stage : stages) {
    stage.group_width = std::min(rule.group_width, stage.width);
    stage.width = to_multiple(stage.width, stage.group_width);
  }
  return stages;
}

Network regnet(const RegNetConfig& config) {
  if (config.stages.empty()) {
    throw Error(ErrorKind::kConfig, "network " + config.name + ": needs at least one stage");
  }
  for (const RegNetStage& stage : config.stages) {
    if (stage.depth >= 1 && stage.group_width >= 1 && stage.width >= 1 &&
        stage.width % stage.group_width == 0) {
      continue;
    }
    throw Error(ErrorKind::kConfig,
                "network " + config.name + ": a stage of " + std::to_string(stage.depth) +
                    " blocks of width " + std::to_string(stage.width) + " and group width " +
                    std::to_string(stage.group_width) +
                    "; valid: at least one block, and a width that is a multiple of the groups'");
  }
  require_resolution(config.name, config.resolution, 2 << config.stages.size());
  return RegNetBuilder(config).run();
}

}  // namespace ridgeline
