#pragma once

#include <string>
#include <vector>

#include "core/config.h"
#include "network/network.h"

namespace ridgeline {

enum class BlockOperator { kMbConv, kFusedMbConv };
/// How a stage trades space for channels or batch (Section 4.1): space-to-depth is a trainable n x
/// n stride-n convolution C -> C n^2; space-to-batch is a copy-reshape undone after the stage.
enum class Reshape { kNone, kSpaceToDepth, kSpaceToBatch };

/// One of the searched blocks of Table 1: `layers` repetitions of an operator with one activation.
struct Stage {
  BlockOperator op = BlockOperator::kMbConv;
  int kernel = 3;
  int expansion = 6;
  double se_ratio = 0.25;  ///< of the block's nominal input filters; 0: no squeeze-and-excite
  int filters = 16;
  int layers = 1;  ///< 0: the stage is left out
  int stride = 1;  ///< of the first layer
  bool skip = true;
  ActivationKind activation = ActivationKind::kSwish;
  Reshape reshape = Reshape::kNone;
  int reshape_block = 2;
  bool operator==(const Stage&) const = default;
};

struct Stem {
  int filters = 32;
  int kernel = 3;
  int stride = 2;
  ActivationKind activation = ActivationKind::kSwish;
  bool operator==(const Stem&) const = default;
};

struct Head {
  int filters = 1280;  ///< 0: no 1x1 convolution before pooling
  ActivationKind activation = ActivationKind::kSwish;
  double dropout = 0.2;
  bool operator==(const Head&) const = default;
};

/// What was chosen at one named decision.
struct NamedChoice {
  std::string decision, choice;
  bool operator==(const NamedChoice&) const = default;
};

/// A fully decided network of the EfficientNet-X space, a comparable value. Its YAML file is a
/// search-space file without lists. A point of a space of plain decisions has `decisions` instead:
/// then it has no network, and no other field but the name means anything.
struct Architecture {
  std::string name = "architecture";
  int resolution = 224;
  int input_channels = 3;
  int classes = 1000;
  Stem stem;
  std::vector<Stage> stages;
  Head head;
  double drop_connect =
      0.2;  ///< rate at the last block; grows linearly from 0 with the block index
  double bn_epsilon = 1e-3;
  double bn_momentum = 0.01;
  std::vector<NamedChoice> decisions = {};
  bool is_plain() const { return !decisions.empty(); }
  bool operator==(const Architecture&) const = default;
};

template <>
struct EnumNames<BlockOperator> {
  static constexpr std::array<std::pair<BlockOperator, const char*>, 2> values{
      {{BlockOperator::kMbConv, "mbconv"}, {BlockOperator::kFusedMbConv, "fused_mbconv"}}};
};
template <>
struct EnumNames<Reshape> {
  static constexpr std::array<std::pair<Reshape, const char*>, 3> values{
      {{Reshape::kNone, "none"},
       {Reshape::kSpaceToDepth, "space_to_depth"},
       {Reshape::kSpaceToBatch, "space_to_batch"}}};
};
template <>
struct EnumNames<ActivationKind> {
  static constexpr std::array<std::pair<ActivationKind, const char*>, 2> values{
      {{ActivationKind::kRelu, "relu"}, {ActivationKind::kSwish, "swish"}}};
};

/// The operator graph of an architecture: semantics of the official EfficientNet-X definition.
/// Throws `kConfig` when the resolution is too small for the strides, or for plain decisions.
Network lower(const Architecture& architecture);

/// Channels that a stage gives its successor for one nominal channel: n^2 where a space-to-depth at
/// another stride than n leaves the stage in the depth domain, else 1.
int depth_multiple(const Stage& stage);

/// Whether the skip connection of stage `index` (0-based, layers > 0) can exist at all: some layer
/// keeps its shape.
bool skip_matters(const Architecture& architecture, size_t index);

/// YAML text that `load_architecture` reads back as an equal value.
std::string to_yaml(const Architecture& architecture);
/// Throws `kConfig`: a list in the file means that it is a search space, not an architecture.
Architecture architecture_from_yaml(const YamlView& view);
Architecture load_architecture(const std::filesystem::path& path);

}  // namespace ridgeline
