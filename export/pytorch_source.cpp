#include "export/pytorch_source.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "core/config.h"
#include "export/pytorch_blocks.h"
#include "export/pytorch_operators.h"
#include "export/torchscript_source.h"
#include "network/cost.h"

namespace ridgeline {
namespace {

/// All lines but the first, which stands where its caller puts it.
std::string indented(const std::string& text, size_t spaces) {
  return replaced(text, "\n", "\n" + std::string(spaces, ' '));
}

class PyTorchWriter : private PyTorchOperators {
 public:
  PyTorchWriter(const Network& network, const ExportInput& input)
      : PyTorchOperators(network), input_(input) {
    for (const auto& block : kPyTorchBlocks) class_names_.emplace(block.name);
    class_names_.insert("Network");
    for (int i = network.size() - 1; i >= 0; --i) {
      if (const auto* bn = std::get_if<BatchNorm>(&network.node(i).op)) usual_bn_ = *bn;
    }
  }

  std::string write() {
    PyTorchPart root = tree();
    const std::string network = network_class(root);
    std::string text = header();
    text += blocks() + std::string(kPyTorchInitialize);
    if (!space_to_depth_.empty()) text += "\n" + std::string(kPyTorchSpaceToDepth);
    for (const std::string& source : classes_) text += "\n\n" + source;
    return text + "\n\n" + network + "\n" + std::string(kPyTorchLoad);
  }

 private:
  // ---- blocks that have a class of their own ----

  struct ConvBn {
    int64_t in = 0, out = 0;
    std::string kernel = "1", padding = "0";
    int stride = 1;
    int64_t groups = 1;
    std::string act = "nn.Identity";
    std::string bn = {};  ///< where it is not the usual one

    /// Kernel, stride and padding, where they are not those of a 1x1 convolution.
    std::string window() const {
      std::string text;
      if (kernel != "1") text += ", kernel=" + kernel;
      if (stride != 1) text += ", stride=" + std::to_string(stride);
      const bool plain = kernel[0] != '(' && padding == std::to_string(std::stoi(kernel) / 2);
      if (!plain) text += ", padding=" + padding;
      return text;
    }
    bool operator==(const ConvBn&) const = default;
  };

  std::optional<ConvBn> conv_bn(const PyTorchPart* part) const {
    if (part == nullptr || part->node >= 0 || part->inputs.size() != 1) return std::nullopt;
    const PyTorchPart *conv = find(*part, "conv"), *bn = find(*part, "bn"),
                      *act = find(*part, "act");
    const auto* c = op_of<Conv2d>(conv);
    const auto* b = op_of<BatchNorm>(bn);
    const auto* a = op_of<Activation>(act);
    if (c == nullptr || b == nullptr || (act != nullptr && a == nullptr) || c->bias)
      return std::nullopt;
    if (!consists_of(*part, {conv, bn, act}) || !is_chain({conv, bn, act}, part->inputs[0]))
      return std::nullopt;
    if (flat(part->inputs[0])) return std::nullopt;
    ConvBn result{in_shape(conv->node).channels, c->out_channels, kernel_text(*c),
                  sides(*c, conv->node).text(),  c->stride,       c->groups};
    if (a != nullptr) result.act = activation_class(a->kind);
    if (b->epsilon != usual_bn_.epsilon) result.bn += ", eps=" + real(b->epsilon);
    if (b->momentum != usual_bn_.momentum) result.bn += ", momentum=" + real(b->momentum);
    return result;
  }

  std::string conv_bn_text(const PyTorchPart& part) {
    const auto found = conv_bn(&part);
    if (!found) return {};
    used_.insert("ConvBnAct");
    const PyTorchPart& conv = *find(part, "conv");
    const auto& op = *op_of<Conv2d>(&conv);
    if (op.init == WeightInit::kSpaceToDepth) space_to_depth_.push_back(node(conv.node).name);
    if (!sides(op, conv.node).even()) used_.insert("Conv2d");
    std::string text = "ConvBnAct(" + std::to_string(found->in) + ", " +
                       std::to_string(found->out) + found->window();
    if (found->groups != 1) text += ", groups=" + std::to_string(found->groups);
    if (found->act != "nn.Identity") text += ", act=" + found->act;
    return text + found->bn + ")";
  }

  struct Squeeze {
    int64_t channels = 0, reduced = 0;
    std::string act, gate;
  };
  std::optional<Squeeze> squeeze(const PyTorchPart* part) const {
    if (part == nullptr || part->node >= 0 || part->inputs.size() != 1) return std::nullopt;
    const PyTorchPart *pool = find(*part, "pool"), *reduce = find(*part, "reduce"),
                      *act = find(*part, "act"), *expand = find(*part, "expand"),
                      *gate = find(*part, "gate"), *scale = find(*part, "scale");
    const auto* r = op_of<Conv2d>(reduce);
    const auto* e = op_of<Conv2d>(expand);
    const auto* a = op_of<Activation>(act);
    const auto* g = op_of<Activation>(gate);
    if (op_of<GlobalAveragePool>(pool) == nullptr || op_of<Multiply>(scale) == nullptr ||
        r == nullptr || e == nullptr || a == nullptr || g == nullptr) {
      return std::nullopt;
    }
    const auto is_plain = [](const Conv2d& c) {
      return c.bias && c.kernel_h == 1 && c.kernel_w == 1 && c.stride == 1 && c.groups == 1;
    };
    const int entry = part->inputs[0];
    if (!consists_of(*part, {pool, reduce, act, expand, gate, scale}) || !is_plain(*r) ||
        !is_plain(*e) || !is_chain({pool, reduce, act, expand, gate}, entry) || flat(entry) ||
        scale->inputs != std::vector{entry, gate->node}) {
      return std::nullopt;
    }
    return Squeeze{node(entry).shape.channels, r->out_channels, activation_class(a->kind),
                   activation_class(g->kind)};
  }
  std::string squeeze_text(const PyTorchPart& part) {
    const auto found = squeeze(&part);
    if (!found) return {};
    used_.insert("SqueezeExcite");
    return "SqueezeExcite(" + std::to_string(found->channels) + ", " +
           std::to_string(found->reduced) + ", act=" + found->act +
           (found->gate == "nn.Sigmoid" ? "" : ", gate=" + found->gate) + ")";
  }

  /// `MBConv(...)` or `FusedMBConv(...)`, where the block is what these classes make of their
  /// arguments.
  std::string mobile_text(const PyTorchPart& block) {
    if (block.inputs.size() != 1 || block.outputs.size() != 1) return {};
    const int entry = block.inputs[0];
    const PyTorchPart *expand = find(block, "expand"), *depthwise = find(block, "depthwise"),
                      *fused = find(block, "fused"), *se = find(block, "se"),
                      *project = find(block, "project"), *drop = find(block, "drop"),
                      *add = find(block, "add");
    const PyTorchPart* spatial = fused != nullptr ? fused : depthwise;
    const auto middle = conv_bn(spatial), last = conv_bn(project), first = conv_bn(expand);
    const auto gate = squeeze(se);
    const auto* rate = op_of<DropConnect>(drop);
    if (!middle || !last || (expand != nullptr && !first) || (se != nullptr && !gate) ||
        (drop != nullptr && rate == nullptr) || (fused != nullptr && expand != nullptr) ||
        !consists_of(block, {expand, spatial, se, project, drop, add}) ||
        !is_chain({expand, spatial, se, project, drop}, entry)) {
      return {};
    }
    const int64_t in = node(entry).shape.channels, hidden = middle->out;
    ConvBn expected = *middle;  // what the class makes
    expected.in = fused != nullptr ? in : hidden;
    expected.groups = fused != nullptr ? 1 : hidden;
    expected.bn = {};
    const bool as_made = *middle == expected && *last == ConvBn{.in = hidden, .out = last->out} &&
                         (!first || *first == ConvBn{.in = in, .out = hidden, .act = middle->act});
    const bool gated = !gate || (gate->act == middle->act && gate->gate == "nn.Sigmoid");
    const int branch = (drop != nullptr ? drop : project)->outputs[0];
    const bool skips = add != nullptr;
    if (skips && (op_of<Add>(add) == nullptr || add->inputs != std::vector{branch, entry}))
      return {};
    if (!as_made || !gated || (drop != nullptr && !skips)) return {};
    for (const char* name : {"ConvBnAct", "SqueezeExcite", "DropConnect"}) used_.insert(name);
    const std::string name = fused != nullptr ? "FusedMBConv" : "MBConv";
    used_.insert(name);
    if (middle->padding[0] == '(' && middle->padding.find(',') != middle->padding.rfind(','))
      used_.insert("Conv2d");
    std::string text = name + "(" + std::to_string(in) + ", " + std::to_string(hidden) + ", " +
                       std::to_string(last->out) + window_of_block(*middle);
    if (gate) text += ", se=" + std::to_string(gate->reduced);
    if (middle->act != "nn.SiLU") text += ", act=" + middle->act;
    if (skips) text += ", skip=True";
    if (rate != nullptr) text += ", drop=" + rate_text(rate->rate);
    const bool usual = (expand != nullptr) == (hidden != in);
    if (fused == nullptr && !usual)
      text += std::string(", expand=") + (expand != nullptr ? "True" : "False");
    return text + ")";
  }
  /// The blocks' default is a kernel of 3.
  static std::string window_of_block(const ConvBn& conv) {
    const std::string text = conv.window();
    return conv.kernel == "1" ? ", kernel=1" + text : replaced(text, ", kernel=3", "");
  }

  // ---- groups ----

  std::string text_of(const PyTorchPart& part) {
    if (part.node >= 0) return operator_text(part.node);
    for (const auto& text : {conv_bn_text(part), squeeze_text(part), mobile_text(part)}) {
      if (!text.empty()) return text;
    }
    return is_sequence(part) ? sequence_text(part) : class_text(part);
  }

  /// Whether each part is a module that reads the one before it.
  bool is_sequence(const PyTorchPart& group) const {
    if (group.inputs.size() != 1 || group.outputs.size() != 1) return false;
    int value = group.inputs[0];
    for (const PyTorchPart& part : group.parts) {
      if (part.inputs != std::vector{value} || part.outputs.size() != 1) return false;
      if (part.node >= 0) {
        if (!has_module(part.node)) return false;
        if (flat(value) && !reads_flat(part.node)) return false;
      }
      value = part.outputs[0];
    }
    return true;
  }
  bool has_module(int index) const {
    const Operator& op = node(index).op;
    return !(std::holds_alternative<Add>(op) || std::holds_alternative<Multiply>(op) ||
             std::holds_alternative<Concat>(op) || std::holds_alternative<Slice>(op) ||
             std::holds_alternative<SplitSoftmax>(op));
  }
  /// Linear layers, and what gives flat values on: each works on [N, C].
  bool reads_flat(int index) const { return flat(index); }

  std::string sequence_text(const PyTorchPart& group) {
    std::string text = "nn.Sequential(OrderedDict([\n";
    int value = group.inputs[0];
    for (const PyTorchPart& part : group.parts) {
      require_attribute(part);
      const bool is_linear = op_of<Linear>(&part) != nullptr;
      if (is_linear && !flat(value)) text += "    (\"flatten\", nn.Flatten()),\n";
      text += "    (\"" + part.name + "\", " + indented(text_of(part), 4) + "),  # " +
              shape_note(part.outputs) + "\n";
      value = part.outputs[0];
    }
    return text + "]))";
  }

  /// "Stage1Block0" of "stage1.block0", not yet used.
  std::string class_name(const std::string& path) {
    std::string name;
    bool begins = true;
    for (const char c : path) {
      const bool is_word = std::isalnum(static_cast<unsigned char>(c)) != 0;
      if (is_word) name += begins ? static_cast<char>(std::toupper(c)) : c;
      begins = !is_word;
    }
    if (name.empty() || std::isdigit(static_cast<unsigned char>(name[0])) != 0)
      name = "Block" + name;
    while (!class_names_.insert(name).second) name += "_";
    return name;
  }

  std::string class_text(const PyTorchPart& group) {
    std::string body = "(nn.Module):\n    \"\"\"" + shape_note(group.inputs) + " -> " +
                       shape_note(group.outputs) +
                       "\"\"\"\n\n    def __init__(self):\n        super().__init__()\n" +
                       members(group) + "\n" + forward(group);
    const auto known = class_of_body_.find(body);
    if (known != class_of_body_.end()) return known->second + "()";
    const std::string name = class_name(group.path);
    class_of_body_.emplace(body, name);
    classes_.push_back("class " + name + body);
    return name + "()";
  }

  static bool is_attribute(const std::string& name) {
    return std::isdigit(static_cast<unsigned char>(name[0])) == 0;
  }

  std::string members(const PyTorchPart& group) {
    std::string text;
    for (const PyTorchPart& part : group.parts) {
      const std::string constructor = text_of(part);
      if (constructor.empty()) continue;
      require_attribute(part);
      const std::string shapes = "  # " + shape_note(part.outputs) + "\n";
      text += is_attribute(part.name)
                  ? "        self." + part.name + " = " + indented(constructor, 8) + shapes
                  : "        self.add_module(\"" + part.name + "\", " + indented(constructor, 8) +
                        ")" + shapes;
    }
    return text;
  }

  /// What a part reads, in the form that it takes.
  std::string argument(const PyTorchPart& part, int value, const std::string& variable) const {
    if (part.node < 0) return variable;
    if (op_of<Linear>(&part) != nullptr)
      return flat(value) ? variable : "torch.flatten(" + variable + ", 1)";
    return flat(value) && !reads_flat(part.node) ? variable + "[:, :, None, None]" : variable;
  }

  std::string forward(const PyTorchPart& group, const std::string& preparation = {}) {
    std::map<int, std::string> variables;
    std::set<std::string> taken = {"self", "torch", "nn", "F", "math", "json", "os"};
    std::string text = "    def forward(self";
    for (size_t i = 0; i < group.inputs.size(); ++i) {
      static constexpr std::array<const char*, 3> kNames = {"x", "y", "z"};
      const std::string name = i < kNames.size() ? kNames[i] : "x" + std::to_string(i);
      variables[group.inputs[i]] = name;
      taken.insert(name);
      text += ", " + name;
    }
    text += "):\n" + preparation;
    for (size_t i = 0; i < group.parts.size(); ++i) {
      const PyTorchPart& part = group.parts[i];
      const std::string call = call_text(part, variables);
      const bool is_last = i + 1 == group.parts.size();
      if (is_last && part.outputs == group.outputs) return text + returned(group, {call});
      std::vector<std::string> targets;
      while (targets.size() < part.outputs.size()) {
        std::string name = part.outputs.size() == 1 ? free_variable(group, i, variables) : "";
        if (name.empty()) {
          name = is_attribute(part.name) ? part.name : "x" + part.name;
          while (!taken.insert(name).second) name += "_";
        }
        targets.push_back(name);
      }
      for (size_t t = 0; t < targets.size(); ++t) variables[part.outputs[t]] = targets[t];
      text += "        " + join(targets) + " = " + call + "\n";
    }
    std::vector<std::string> results;
    for (const int output : group.outputs) results.push_back(variables.at(output));
    return text + returned(group, results);
  }

  std::string returned(const PyTorchPart& group, const std::vector<std::string>& values) const {
    const bool ends = group.path.empty() && !flat(group.outputs[0]);
    return "        return " + (ends ? "torch.flatten(" + values[0] + ", 1)" : join(values)) + "\n";
  }

  std::string call_text(const PyTorchPart& part, const std::map<int, std::string>& variables) {
    std::vector<std::string> arguments;
    const auto& inputs = part.node >= 0 ? std::vector<int>(node(part.node).inputs.begin(),
                                                           node(part.node).inputs.end())
                                        : part.inputs;
    for (const int input : inputs) arguments.push_back(argument(part, input, variables.at(input)));
    if (part.node >= 0 && !has_module(part.node)) return expression(part.node, arguments);
    const std::string module =
        is_attribute(part.name) ? "self." + part.name : "getattr(self, \"" + part.name + "\")";
    return module + "(" + join(arguments) + ")";
  }

  /// The variable of an input that nobody reads after part `index`.
  std::string free_variable(const PyTorchPart& group, size_t index,
                            const std::map<int, std::string>& variables) const {
    for (const int input : group.parts[index].inputs) {
      const bool is_result =
          std::find(group.outputs.begin(), group.outputs.end(), input) != group.outputs.end();
      bool is_read = false;
      for (size_t later = index + 1; later < group.parts.size(); ++later) {
        const auto& reads = group.parts[later].inputs;
        is_read = is_read || std::find(reads.begin(), reads.end(), input) != reads.end();
      }
      if (!is_result && !is_read) return variables.at(input);
    }
    return {};
  }

  // ---- the file ----

  std::string network_class(PyTorchPart& root) {
    root.inputs = {0};
    root.outputs = {network().size() - 1};
    std::string text = "class Network(nn.Module):\n    \"\"\"Images [N, " +
                       std::to_string(network().input_shape().channels) + ", " +
                       std::to_string(network().input_shape().height) + ", " +
                       std::to_string(network().input_shape().width) + "] -> logits [N, " +
                       std::to_string(network().output_shape().channels) +
                       "].\"\"\"\n\n    def __init__(self):\n        super().__init__()\n";
    std::string preparation;
    if (input_.normalization) {
      text += buffer("mean", input_.normalization->mean) +
              buffer("std", input_.normalization->deviation);
      if (input_.include_preprocessing) preparation = "        x = (x - self.mean) / self.std\n";
    }
    text += members(root) + "        initialize(self)\n";
    for (const std::string& name : space_to_depth_) {
      std::string path = "self";
      for (const auto& word : split_dotted(name))
        path = is_attribute(word) ? path + "." + word : "getattr(" + path + ", \"" + word + "\")";
      text += "        start_as_space_to_depth(" + path + ")\n";
    }
    return text + "\n" + forward(root, preparation);
  }

  static std::string buffer(const std::string& name, const std::vector<double>& values) {
    std::vector<std::string> texts;
    for (const double value : values) texts.push_back(real(value));
    return "        self.register_buffer(\"" + name + "\", torch.tensor([" + join(texts) +
           "]).reshape(1, -1, 1, 1), persistent=False)\n";
  }

  std::string header() const {
    const Shape& in = network().input_shape();
    const std::string name = replaced(replaced(network().name(), "\\", "/"), "\"", "'");
    std::string text = "\"\"\"" + name + ": " + to_string(in) + " images, " +
                       std::to_string(network().output_shape().channels) + " classes, " +
                       std::to_string(cost(network()).total.params) + " parameters.\n\n";
    if (!input_.normalization) {
      text += "How its images were normalized is not known.\n";
    } else if (input_.include_preprocessing) {
      text += "It takes pixels from 0 to 1 and normalizes them itself: (pixel - mean) / std with " +
              to_text(*input_.normalization) + ".\n";
    } else {
      text += "Give it (pixel - mean) / std for pixels from 0 to 1, with " +
              to_text(*input_.normalization) + ".\n";
    }
    text +=
        "Paddings are those of this size. Shapes in comments are channels x height x width.\n\n"
        "    net = load(\"model.safetensors\")\n\"\"\"\n\n"
        "import json\nimport math\nimport os\nfrom collections import OrderedDict\n\n"
        "import torch\nfrom torch import nn\n";
    const bool pads = used_.contains("Conv2d") || used_.contains("MaxPool2d") ||
                      used_.contains("AvgPool2d") || used_.contains("SpaceToBatch");
    return text + (pads ? "from torch.nn import functional as F\n" : "");
  }

  std::string blocks() const {
    std::string text;
    for (const auto& block : kPyTorchBlocks) {
      if (!used_.contains(std::string(block.name))) continue;
      std::string source(block.source);
      source = replaced(source, "@conv@", used_.contains("Conv2d") ? "Conv2d" : "nn.Conv2d");
      source = replaced(source, "@eps@", real(usual_bn_.epsilon));
      text += "\n\n" + replaced(source, "@momentum@", real(usual_bn_.momentum));
    }
    return text + "\n";
  }

  const ExportInput& input_;
  BatchNorm usual_bn_;
  std::set<std::string> class_names_;  // taken
  std::map<std::string, std::string> class_of_body_;
  std::vector<std::string> classes_;  // in the order in which they must stand
};

}  // namespace

std::string pytorch_source(const Network& network, const ExportInput& input) {
  return PyTorchWriter(network, input).write();
}

}  // namespace ridgeline
