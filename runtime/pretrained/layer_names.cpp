#include "runtime/pretrained/layer_names.h"

#include <algorithm>
#include <charconv>
#include <numeric>
#include <string_view>
#include <utility>
#include <variant>

#include "core/error.h"

namespace ridgeline {
namespace {

/// A node with weights, taken apart: "stage4.block0.se.reduce" is stage 4, block 0, part "se",
/// leaf "reduce"; "stem.conv" part "stem", leaf "conv"; "classifier" has no leaf.
struct Layer {
  int stage = 0;  // from 1; 0: outside the stages
  int block = 0;
  std::string part, leaf;
  int flat_block = 0;  // of the block in the network
  int group = 0;       // of its stage in timm, from 0
  int block_in_group = 0;

  bool is_norm() const { return leaf == "bn"; }
};

/// The layers of a network, and what the names of some libraries depend on.
struct Plan {
  int stages = 0, blocks = 0, groups = 0;
  bool has_features = false;  // a linear layer before the classifier
  bool has_deep_stem = false;
  std::map<std::string, Layer> layers;  // by node name
  /// The parts of each block, by stage and block, in the order of the network.
  std::map<std::pair<int, int>, std::vector<std::string>> parts;
};

bool take_number(std::string_view& text, std::string_view word, int& number) {
  if (!text.starts_with(word)) return false;
  const std::string_view digits = text.substr(word.size());
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end == digits.data() + digits.size() || *end != '.') return false;
  text.remove_prefix(static_cast<size_t>(end + 1 - text.data()));
  return true;
}

Layer parsed(const std::string& name) {
  Layer layer;
  std::string_view rest = name;
  if (take_number(rest, "stage", layer.stage)) take_number(rest, "block", layer.block);
  const size_t dot = rest.rfind('.');
  layer.part = rest.substr(0, std::min(dot, rest.size()));
  if (dot != std::string_view::npos) layer.leaf = rest.substr(dot + 1);
  return layer;
}

bool has_weights(const Node& node) {
  return std::holds_alternative<Conv2d>(node.op) || std::holds_alternative<BatchNorm>(node.op) ||
         std::holds_alternative<Linear>(node.op);
}

/// The stages at which timm's stages begin: MobileNetV3's have blocks of several expansions, which
/// are stages of their own here. The large one has nine, the small one seven.
std::vector<int> first_stages(const Network& network) {
  int last = 0;
  bool is_v3 = false;
  for (const Node& node : network.nodes()) {
    last = std::max(last, parsed(node.name).stage);
    is_v3 |= node.name == "head.features";
  }
  if (is_v3 && last == 9) return {1, 2, 4, 5, 8, 9};
  if (is_v3 && last == 7) return {1, 2, 4, 6, 7};
  std::vector<int> all(static_cast<size_t>(last));
  std::iota(all.begin(), all.end(), 1);
  return all;
}

/// Numbers stages, blocks and parts in the order of the network.
class Planner {
 public:
  explicit Planner(const Network& network) : first_stages_(first_stages(network)) {
    for (const Node& node : network.nodes()) {
      if (!has_weights(node)) continue;
      Layer layer = parsed(node.name);
      if (layer.stage > 0) number(layer);
      plan_.has_features |= layer.part == "head" && layer.leaf == "features";
      plan_.has_deep_stem |= layer.part == "stem.conv1";
      plan_.layers.emplace(node.name, layer);
    }
  }
  Plan plan() && { return std::move(plan_); }

 private:
  void number(Layer& layer) {
    if (layer.stage != stage_) {
      ++plan_.stages;
      if (std::find(first_stages_.begin(), first_stages_.end(), layer.stage) !=
          first_stages_.end()) {
        ++plan_.groups;
        block_in_group_ = -1;
      }
      stage_ = layer.stage;
      block_ = -1;
    }
    if (layer.block != block_) {
      block_ = layer.block;
      ++plan_.blocks;
      ++block_in_group_;
    }
    auto& parts = plan_.parts[{layer.stage, layer.block}];
    if (std::find(parts.begin(), parts.end(), layer.part) == parts.end()) {
      parts.push_back(layer.part);
    }
    layer.flat_block = plan_.blocks - 1;
    layer.group = plan_.groups - 1;
    layer.block_in_group = block_in_group_;
  }

  Plan plan_;
  std::vector<int> first_stages_;
  int stage_ = 0, block_ = -1, block_in_group_ = -1;
};

std::string text(int number) { return std::to_string(number); }

const std::vector<std::string>& parts_of_block(const Layer& layer, const Plan& plan) {
  return plan.parts.at({layer.stage, layer.block});
}

/// The number of the layer's part in its block, from 0.
int place_of(const Layer& layer, const Plan& plan) {
  const auto& parts = parts_of_block(layer, plan);
  return static_cast<int>(std::find(parts.begin(), parts.end(), layer.part) - parts.begin());
}

/// The last part of a name: `conv` or `norm`, whichever the layer is.
std::string either(const Layer& layer, const std::string& conv, const std::string& norm) {
  return layer.is_norm() ? norm : conv;
}
std::string zero_or_one(const Layer& layer) { return either(layer, "0", "1"); }

std::string fc1_or_fc2(const Layer& layer) { return layer.leaf == "reduce" ? "fc1" : "fc2"; }

/// "conv2" -> "2"; empty for other parts.
std::string number_of_conv(const Layer& layer) {
  const bool is_conv = layer.part.size() == 5 && layer.part.starts_with("conv");
  return is_conv ? layer.part.substr(4) : "";
}

// Each function below names one layer as a library does in one family; empty: it has no such layer.

/// torchvision's ResNets, which are timm's too; SE and the deep stem are timm's alone.
std::string resnet_name(const Layer& l, const Plan& plan) {
  if (l.part == "classifier") return "fc";
  if (l.part == "stem") return either(l, "conv1", "bn1");
  if (l.part == "stem.conv1") return "conv1." + zero_or_one(l);
  if (l.part == "stem.conv2") return "conv1." + either(l, "3", "4");
  if (l.part == "stem.conv3") return either(l, "conv1.6", "bn1");
  if (l.stage == 0) return "";
  const std::string block = "layer" + text(l.stage) + "." + text(l.block) + ".";
  const std::string conv = number_of_conv(l);
  if (!conv.empty()) return block + either(l, "conv", "bn") + conv;
  if (l.part == "se") return block + "se." + fc1_or_fc2(l);
  if (l.part != "shortcut") return "";
  return block + "downsample." +
         (plan.has_deep_stem ? either(l, "1", "2") : zero_or_one(l));  // behind a pool
}

std::string torchvision_regnet_name(const Layer& l, const Plan&) {
  if (l.part == "classifier") return "fc";
  if (l.part == "stem") return "stem." + zero_or_one(l);
  if (l.stage == 0) return "";
  const std::string stage = "block" + text(l.stage);
  const std::string block = "trunk_output." + stage + "." + stage + "-" + text(l.block) + ".";
  if (l.part == "shortcut") return block + "proj." + zero_or_one(l);
  if (l.part == "se") return block + "f.se." + fc1_or_fc2(l);
  const std::string conv = number_of_conv(l);
  if (conv.empty() || conv > "3") return "";
  return block + "f." + std::string(1, static_cast<char>('a' + (conv[0] - '1'))) + "." +
         zero_or_one(l);
}

std::string timm_regnet_name(const Layer& l, const Plan&) {
  if (l.part == "classifier") return "head.fc";
  if (l.part == "stem") return "stem." + l.leaf;
  if (l.stage == 0) return "";
  const std::string block = "s" + text(l.stage) + ".b" + text(l.block + 1) + ".";
  if (l.part == "shortcut") return block + "downsample." + l.leaf;
  if (l.part == "se") return block + "se." + fc1_or_fc2(l);
  return number_of_conv(l).empty() ? "" : block + l.part + "." + l.leaf;
}

/// Blocks are numbered through; a block's parts are numbered, the last convolution is bare.
std::string torchvision_mobilenet_v2_name(const Layer& l, const Plan& plan) {
  if (l.part == "classifier") return "classifier.1";
  if (l.part == "stem") return "features.0." + zero_or_one(l);
  if (l.part == "head") return "features." + text(plan.blocks + 1) + "." + zero_or_one(l);
  if (l.stage == 0) return "";
  const std::string block = "features." + text(l.flat_block + 1) + ".conv.";
  const int place = place_of(l, plan);
  if (l.part == "project") return block + text(place + (l.is_norm() ? 1 : 0));
  if (l.part != "expand" && l.part != "depthwise") return "";
  return block + text(place) + "." + zero_or_one(l);
}

/// A part of a block in torchvision's MobileNetV3 and EfficientNets.
std::string numbered_part(const Layer& l, const Plan& plan, const std::string& block) {
  const std::string part = block + text(place_of(l, plan)) + ".";
  return part + (l.part == "se" ? fc1_or_fc2(l) : zero_or_one(l));
}

std::string torchvision_mobilenet_v3_name(const Layer& l, const Plan& plan) {
  if (l.part == "classifier") return "classifier.3";
  if (l.part == "head" && l.leaf == "features") return "classifier.0";
  if (l.part == "stem") return "features.0." + zero_or_one(l);
  if (l.part == "head") return "features." + text(plan.blocks + 1) + "." + zero_or_one(l);
  if (l.stage == 0) return "";
  return numbered_part(l, plan, "features." + text(l.flat_block + 1) + ".block.");
}

std::string torchvision_efficientnet_name(const Layer& l, const Plan& plan) {
  if (l.part == "classifier") return "classifier.1";
  if (l.part == "stem") return "features.0." + zero_or_one(l);
  if (l.part == "head") return "features." + text(plan.stages + 1) + "." + zero_or_one(l);
  if (l.stage == 0) return "";
  return numbered_part(l, plan, "features." + text(l.stage) + "." + text(l.block) + ".block.");
}

/// One list for stem, first stage and head, in which activations count too: a convolution with its
/// batch norm takes three places.
std::string torchvision_mnasnet_name(const Layer& l, const Plan& plan) {
  const auto at = [&](int place) { return "layers." + text(place + (l.is_norm() ? 1 : 0)); };
  if (l.part == "classifier") return "classifier.1";
  if (l.part == "stem") return at(0);
  if (l.part == "head") return at(7 + plan.stages);
  if (l.stage == 0 || l.part == "se") return "";
  const int place = 3 * place_of(l, plan);
  if (l.stage == 1) return at(3 + place);
  return "layers." + text(6 + l.stage) + "." + text(l.block) + "." + at(place);
}

/// timm's EfficientNets, MobileNets and MnasNets.
std::string timm_mobile_name(const Layer& l, const Plan& plan) {
  if (l.part == "classifier") return "classifier";
  if (l.part == "head" && l.leaf == "features") return "conv_head";
  if (l.part == "stem") return either(l, "conv_stem", "bn1");
  if (l.part == "head") {
    const std::string block = "blocks." + text(plan.groups) + ".0.";
    return plan.has_features ? block + either(l, "conv", "bn1") : either(l, "conv_head", "bn2");
  }
  if (l.stage == 0) return "";
  const std::string block = "blocks." + text(l.group) + "." + text(l.block_in_group) + ".";
  if (l.part == "se") return block + "se.conv_" + l.leaf;
  const auto& parts = parts_of_block(l, plan);
  if (l.is_norm()) {  // counted in the block; squeeze-and-excite has none
    const bool behind_se =
        std::find(parts.begin(), parts.end(), "se") < parts.begin() + place_of(l, plan);
    return block + "bn" + text(place_of(l, plan) + (behind_se ? 0 : 1));
  }
  if (l.part == "expand") return block + "conv_pw";
  if (l.part == "depthwise") return block + "conv_dw";
  if (l.part == "fused") return block + (parts.size() == 1 ? "conv" : "conv_exp");
  if (l.part == "project") return block + (parts[0] == "depthwise" ? "conv_pw" : "conv_pwl");
  return "";
}

/// One kind of names, and how a file is known to have it: by a name that begins so.
struct Naming {
  PretrainedLayout layout;
  const char* source;
  const char* sign;
  std::string (*name)(const Layer&, const Plan&);
};

constexpr Naming kNamings[] = {
    {PretrainedLayout::kTorchvision, "ResNet of torchvision and timm", "layer1.0.conv1.",
     resnet_name},
    {PretrainedLayout::kTorchvision, "torchvision's RegNet", "trunk_output.",
     torchvision_regnet_name},
    {PretrainedLayout::kTorchvision, "torchvision's MobileNetV2", "features.1.conv.",
     torchvision_mobilenet_v2_name},
    {PretrainedLayout::kTorchvision, "torchvision's MobileNetV3", "features.1.block.",
     torchvision_mobilenet_v3_name},
    {PretrainedLayout::kTorchvision, "torchvision's EfficientNet", "features.1.0.block.",
     torchvision_efficientnet_name},
    {PretrainedLayout::kTorchvision, "torchvision's MnasNet", "layers.8.0.layers.",
     torchvision_mnasnet_name},
    {PretrainedLayout::kTimm, "timm's RegNet", "s1.b1.conv1.", timm_regnet_name},
    {PretrainedLayout::kTimm, "timm's EfficientNet, MobileNet or MnasNet", "conv_stem.",
     timm_mobile_name},
};

bool begins(const std::vector<std::string>& stored, const std::string& sign) {
  return std::any_of(stored.begin(), stored.end(),
                     [&](const std::string& name) { return name.starts_with(sign); });
}

bool has_our_names(const std::vector<std::string>& stored) {
  return std::any_of(stored.begin(), stored.end(), [](const std::string& name) {
    const Layer layer = parsed(name);
    return layer.stage > 0 && !layer.leaf.empty();
  });
}

NameMap own_names(const Network& network) {
  NameMap map{PretrainedLayout::kRidgeline, "Ridgeline", {}};
  for (const Node& node : network.nodes()) {
    if (has_weights(node)) map.names.emplace(node.name, node.name);
  }
  return map;
}

const Naming& naming_of(const std::vector<std::string>& stored) {
  for (const Naming& naming : kNamings) {
    if (begins(stored, naming.sign)) return naming;
  }
  std::vector<std::string> first(stored.begin(),
                                 stored.begin() + std::min<std::ptrdiff_t>(3, std::ssize(stored)));
  std::vector<std::string> known{"Ridgeline's networks"};
  for (const Naming& naming : kNamings) known.emplace_back(naming.source);
  throw Error(ErrorKind::kData, "its names (" + join(first) +
                                    ", ...) are of no known kind; valid: those of " +
                                    join(known, "; "));
}

/// What is asked for, where it goes with the names that the file has.
PretrainedLayout agreed(const Network& network, PretrainedLayout asked, const Naming& naming) {
  using enum PretrainedLayout;
  const bool is_timm = naming.layout == kTimm;
  const bool is_both = naming.name == resnet_name;
  if (asked == kAuto) {
    if (!is_timm) return kTorchvision;
    if (!differs_in_timm_tf(network)) return kTimm;
    throw Error(ErrorKind::kData,
                std::string("its names are those of ") + naming.source +
                    ", which are the same for weights with symmetric padding (layout timm) and for "
                    "those from TensorFlow, which timm calls tf_... (layout timm_tf): say which");
  }
  const bool fits =
      is_both ? asked != kRidgeline : asked != kRidgeline && (asked != kTorchvision) == is_timm;
  if (fits) return asked;
  throw Error(ErrorKind::kData, "its names are those of " + std::string(naming.source) +
                                    ", not of the layout " + enum_name(asked));
}

}  // namespace

NameMap name_map(const Network& network, PretrainedLayout layout,
                 const std::vector<std::string>& stored) {
  if (layout == PretrainedLayout::kRidgeline ||
      (layout == PretrainedLayout::kAuto && has_our_names(stored))) {
    return own_names(network);
  }
  const Naming& naming = naming_of(stored);
  NameMap map{agreed(network, layout, naming), naming.source, {}};
  const Plan plan = Planner(network).plan();
  for (const auto& [node, layer] : plan.layers) map.names.emplace(node, naming.name(layer, plan));
  return map;
}

}  // namespace ridgeline
