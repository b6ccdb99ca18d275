#include <algorithm>

#include "search_space/architecture.h"

namespace ridgeline {

int depth_multiple(const Stage& stage) {
  const bool in_depth_domain =
      stage.reshape == Reshape::kSpaceToDepth && stage.stride != stage.reshape_block;
  return in_depth_domain ? stage.reshape_block * stage.reshape_block : 1;
}

namespace {

/// Walks the stages of an architecture and adds their operators. The semantics are those of the
/// official EfficientNet-X code, stated for any stage: see docs/architecture.md, "Reshaping".
class Lowering {
 public:
  explicit Lowering(const Architecture& a)
      : a_(a),
        bn_{a.bn_epsilon, a.bn_momentum},
        builder_(a.name, {a.input_channels, a.resolution, a.resolution, 1}) {
    for (const auto& stage : a.stages) blocks_ += stage.layers;
  }

  Network run() {
    check_resolution();
    x_ = conv_bn_act("stem",
                     {.out_channels = a_.stem.filters,
                      .kernel_h = a_.stem.kernel,
                      .kernel_w = a_.stem.kernel,
                      .stride = a_.stem.stride},
                     a_.stem.activation);
    nominal_ = a_.stem.filters;
    for (size_t i = 0; i < a_.stages.size(); ++i) {
      if (a_.stages[i].layers > 0) add_stage("stage" + std::to_string(i + 1), a_.stages[i]);
    }
    add_head();
    return std::move(builder_).build();
  }

 private:
  void check_resolution() const {
    int64_t reduction = a_.stem.stride;
    for (const auto& stage : a_.stages) reduction *= stage.layers > 0 ? stage.stride : 1;
    if (a_.resolution < reduction) {
      throw Error(ErrorKind::kConfig, "architecture " + a_.name + ": the resolution " +
                                          std::to_string(a_.resolution) +
                                          " is too small for its strides; valid: at least " +
                                          std::to_string(reduction));
    }
  }

  int conv_bn_act(const std::string& name, const Conv2d& conv, ActivationKind act) {
    return builder_.conv_bn_act(name, x_, conv, bn_, act);
  }

  /// The name of a part of the current block. It stands in one buffer: a new string for each of a
  /// hundred names would take as long as the lowering itself.
  const std::string& part(std::string_view suffix) {
    part_.assign(block_name_).append(suffix);
    return part_;
  }

  void add_stage(const std::string& name, const Stage& stage) {
    const Shape entry = builder_.shape(x_);
    int stride = stage.stride;
    if (stage.reshape == Reshape::kSpaceToDepth) {
      add_space_to_depth(name, stage);
      if (stage.stride == stage.reshape_block) {
        stride = 1;  // the reshaping convolution does the stage's own reduction
      } else {
        spent_ *= stage.reshape_block;
      }
    } else if (stride > 1 && spent_ % stride == 0) {
      spent_ /= stride;  // an earlier space-to-depth has already made this reduction
      stride = 1;
    }
    if (stage.reshape == Reshape::kSpaceToBatch) {
      x_ = builder_.add(name + ".space_to_batch", SpaceToBatch{stage.reshape_block}, {x_});
    }
    for (int layer = 0; layer < stage.layers; ++layer) {
      block_name_.assign(name).append(".block").append(std::to_string(layer));
      add_block(stage, layer == 0, stride);
    }
    if (stage.reshape == Reshape::kSpaceToBatch) {
      x_ = builder_.add(name + ".batch_to_space",
                        BatchToSpace{stage.reshape_block, (entry.height + stride - 1) / stride,
                                     (entry.width + stride - 1) / stride},
                        {x_});
    }
    nominal_ = stage.filters;
  }

  void add_space_to_depth(const std::string& name, const Stage& stage) {
    const int n = stage.reshape_block;
    x_ = conv_bn_act(name + ".space_to_depth",
                     {.out_channels = builder_.shape(x_).channels * n * n,
                      .kernel_h = n,
                      .kernel_w = n,
                      .stride = n,
                      .init = WeightInit::kSpaceToDepth},
                     stage.activation);
  }

  void add_block(const Stage& stage, bool first, int stage_stride) {
    const int multiple = depth_multiple(stage);
    const int kernel = multiple == 1
                           ? stage.kernel
                           : (stage.kernel + stage.reshape_block - 1) / stage.reshape_block;
    const int64_t nominal_in = first ? nominal_ : stage.filters;
    const int64_t in = builder_.shape(x_).channels;
    const int64_t hidden = nominal_in * multiple * stage.expansion;
    const int64_t out = static_cast<int64_t>(stage.filters) * multiple;
    const int stride = first ? stage_stride : 1;
    const Conv2d spatial{
        .out_channels = hidden, .kernel_h = kernel, .kernel_w = kernel, .stride = stride};
    const int entry = x_;
    if (stage.op == BlockOperator::kFusedMbConv) {
      x_ = conv_bn_act(part(".fused"), spatial, stage.activation);
    } else {
      if (stage.expansion != 1 || hidden != in) {
        x_ = conv_bn_act(part(".expand"), {.out_channels = hidden}, stage.activation);
      }
      Conv2d depthwise = spatial;
      depthwise.groups = hidden;
      x_ = conv_bn_act(part(".depthwise"), depthwise, stage.activation);
    }
    // The ratio is of the filters before expansion; the first block's are those before any
    // reshaping.
    const double reduced =
        static_cast<double>(first ? nominal_in : nominal_in * multiple) * stage.se_ratio;
    if (stage.se_ratio > 0) {
      x_ = builder_.squeeze_excite(
          part(".se"), x_, std::max<int64_t>(1, static_cast<int64_t>(reduced)), stage.activation);
    }
    x_ = builder_.conv_bn(part(".project"), x_, {.out_channels = out}, bn_);
    const bool same_place = first ? stage.stride == 1 && stage_stride == 1 : true;
    if (stage.skip && same_place && in == out) add_skip(entry);
    ++block_;
  }

  void add_skip(int entry) {
    const double rate = a_.drop_connect * block_ / blocks_;
    if (rate > 0) x_ = builder_.add(part(".drop"), DropConnect{rate}, {x_});
    x_ = builder_.add(part(".add"), Add{}, {x_, entry});
  }

  void add_head() {
    if (a_.head.filters > 0) {
      x_ = conv_bn_act("head", {.out_channels = a_.head.filters}, a_.head.activation);
    }
    x_ = builder_.add("head.pool", GlobalAveragePool{}, {x_});
    if (a_.head.dropout > 0) x_ = builder_.add("head.dropout", Dropout{a_.head.dropout}, {x_});
    builder_.add("classifier", Linear{a_.classes, true}, {x_});
  }

  const Architecture& a_;
  BatchNorm bn_;
  NetworkBuilder builder_;
  int x_ = 0;
  int64_t nominal_ = 0;  // filters before any reshaping
  int spent_ = 1;        // reduction made ahead of its stride by space-to-depth
  int block_ = 0, blocks_ = 0;
  std::string block_name_, part_;
};

}  // namespace

bool skip_matters(const Architecture& a, size_t index) {
  const Stage& stage = a.stages[index];
  if (stage.layers > 1) return true;
  if (stage.stride != 1) return false;
  int64_t entering = a.stem.filters;
  for (size_t i = 0; i < index; ++i) {
    if (a.stages[i].layers > 0) {
      entering = static_cast<int64_t>(a.stages[i].filters) * depth_multiple(a.stages[i]);
    }
  }
  return entering == stage.filters;
}

Network lower(const Architecture& architecture) {
  if (architecture.is_plain()) {
    throw Error(ErrorKind::kConfig, "architecture " + architecture.name +
                                        ": is a point of plain decisions and has no network; "
                                        "expected a file with `stages:`");
  }
  return Lowering(architecture).run();
}

}  // namespace ridgeline
