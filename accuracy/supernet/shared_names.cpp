#include "accuracy/supernet/shared_names.h"

#include <algorithm>

namespace ridgeline {
namespace {

std::string own_context(const Stage& stage) {
  std::string text = enum_name(stage.op);
  // Its depthwise convolution works on the stage's input, not on expanded channels.
  if (stage.op == BlockOperator::kMbConv && stage.expansion == 1) text += " unexpanded";
  if (stage.reshape != Reshape::kNone) {
    text += " " + enum_name(stage.reshape) + " " + std::to_string(stage.reshape_block);
    if (depth_multiple(stage) > 1) text += " kept";
  }
  return text;
}

bool starts_stage(const std::string& part) {
  return part.starts_with("block0.") || part.starts_with("space_to_depth.");
}

}  // namespace

SharedNames::SharedNames(const Architecture& architecture)
    : has_head_(architecture.head.filters > 0) {
  std::string entry = " after stem";
  for (size_t i = 0; i < architecture.stages.size(); ++i) {
    const Stage& stage = architecture.stages[i];
    stages_.push_back({own_context(stage), entry});
    if (stage.layers == 0) continue;
    entry = " after stage" + std::to_string(i + 1);
    if (const int multiple = depth_multiple(stage); multiple > 1)
      entry += " x" + std::to_string(multiple);
  }
  head_entry_ = entry;
}

std::string SharedNames::of(const Node& node, const std::string& parameter) const {
  std::string name = node.name + "." + parameter, context;
  if (name.starts_with("stage")) {
    const size_t dot = name.find('.');
    const auto& stage = stages_[std::stoul(name.substr(5, dot - 5)) - 1];
    context = stage.own;
    if (starts_stage(name.substr(dot + 1))) context += stage.entry;
  } else if (name.starts_with("head.") || (name.starts_with("classifier.") && !has_head_)) {
    context = "network" + head_entry_;
  }
  std::replace(name.begin(), name.end(), '.', '/');  // a module's name may hold no dots
  return context.empty() ? name : name + ":" + context;
}

}  // namespace ridgeline
