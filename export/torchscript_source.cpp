#include "export/torchscript_source.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

#include "core/config.h"

namespace ridgeline {
namespace {

constexpr std::array<std::string_view, 35> kPythonKeywords = {
    "False", "None",     "True",  "and",    "as",   "assert", "async",  "await",    "break",
    "class", "continue", "def",   "del",    "elif", "else",   "except", "finally",  "for",
    "from",  "global",   "if",    "import", "in",   "is",     "lambda", "nonlocal", "not",
    "or",    "pass",     "raise", "return", "try",  "while",  "with",   "yield"};

bool is_identifier(const std::string& text) {
  const auto is_word = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; };
  return !text.empty() && std::isdigit(static_cast<unsigned char>(text[0])) == 0 &&
         std::all_of(text.begin(), text.end(), is_word);
}

/// "self.stem.conv.weight"; parts that Python cannot spell, such as numbers, go through getattr.
/// Keywords are refused, because TorchScript writes them to the file but cannot read them back.
std::string member(const std::string& dotted) {
  std::string text = "self";
  for (const auto& part : split_dotted(dotted)) {
    if (is_python_keyword(part)) {
      throw Error(ErrorKind::kConfig, "export: TorchScript cannot hold the name '" + dotted +
                                          "': '" + part +
                                          "' is a word of the language; rename the node");
    }
    text = is_identifier(part) ? text + "." + part : "getattr(" + text + ", \"" + part + "\")";
  }
  return text;
}

std::string number(double value) {
  const std::string text = ConfigWriter::plain_number(value);
  return text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
}

std::string list(std::initializer_list<int64_t> values) {
  std::string text;
  for (const int64_t value : values) text += (text.empty() ? "" : ", ") + std::to_string(value);
  return "[" + text + "]";
}

// TorchScript that is not parsed by Python knows the types by their numbers alone.
constexpr int kFp32 = 6, kBf16 = 15;
std::string type_cast(int type) { return ".to(" + std::to_string(type) + ")"; }

class ForwardWriter {
 public:
  ForwardWriter(const Network& network, const ForwardOptions& options)
      : network_(network), options_(options) {}

  std::string write() {
    line(0, "def forward(self, x: Tensor) -> Tensor:");
    for (index_ = 0; index_ < network_.size(); ++index_) {
      std::visit([this](const auto& op) { emit(op); }, node().op);
    }
    line(1, "return torch.flatten(" + value(network_.size() - 1) + ", 1)" +
                (options_.bf16 ? type_cast(kFp32) : ""));
    return text_;
  }

 private:
  const Node& node() const { return network_.node(index_); }
  static std::string value(int index) { return "v" + std::to_string(index); }
  std::string in(size_t i = 0) const { return value(node().inputs[i]); }
  const Shape& in_shape() const { return network_.node(node().inputs[0]).shape; }
  std::string inputs() const {
    std::vector<std::string> names;
    for (const int index : node().inputs) names.push_back(value(index));
    return join(names);
  }
  std::string parameter(const char* leaf) const { return member(node().name + "." + leaf); }

  void line(int indent, const std::string& text) {
    text_ += std::string(static_cast<size_t>(indent) * 4, ' ') + text + "\n";
  }
  void assign(const std::string& expression) { line(1, value(index_) + " = " + expression); }

  /// The padding of a window: equal sides go to the operator itself, others are added before it.
  struct Window {
    std::string input;
    std::string padding;     // [height, width] for the operator
    std::string cells = {};  // [left, right, top, bottom] added before, or empty
  };
  Window window(const std::array<WindowAxis, 2>& axes, const std::string& fill) {
    const ResolvedPadding h = resolve_padding(axes[0], in_shape().height);
    const ResolvedPadding w = resolve_padding(axes[1], in_shape().width);
    if (h.before == h.after && w.before == w.after) return {in(), list({h.before, w.before})};
    const std::string cells = list({w.before, w.after, h.before, h.after});
    const std::string padded = value(index_) + "_padded";
    line(1, padded + " = torch.constant_pad_nd(" + in() + ", " + cells + ", " + fill + ")");
    return {padded, "[0, 0]", cells};
  }

  void emit(const Input&) {
    assign("x");
    if (options_.normalizes) normalize();
    if (options_.bf16) assign(value(index_) + type_cast(kBf16));
  }
  void normalize() {
    const auto channels = [](const std::string& attribute) {
      return "torch.tensor(self." + attribute +
             ", dtype=x.dtype, device=x.device).reshape([1, -1, 1, 1])";
    };
    assign("(x - " + channels("mean") + ") / " + channels("std"));
  }
  void emit(const Conv2d& c) {
    const Window w = window(window_axes(c), "0.0");
    assign("torch.conv2d(" + w.input + ", " + parameter("weight") + ", " +
           (c.bias ? parameter("bias") : "None") + ", " + list({c.stride, c.stride}) + ", " +
           w.padding + ", [1, 1], " + std::to_string(c.groups) + ")");
  }
  void emit(const BatchNorm& b) {
    assign("torch.batch_norm(" + in() + ", " + parameter("weight") + ", " + parameter("bias") +
           ", " + parameter("running_mean") + ", " + parameter("running_var") +
           ", self.training, " + number(b.momentum) + ", " + number(b.epsilon) + ", True)");
  }
  void emit(const Activation& a) {
    switch (a.kind) {
      case ActivationKind::kIdentity:
        return assign(in());
      case ActivationKind::kRelu:
        return assign("torch.relu(" + in() + ")");
      case ActivationKind::kSwish:
        return assign("torch.silu(" + in() + ")");
      case ActivationKind::kSigmoid:
        return assign("torch.sigmoid(" + in() + ")");
      case ActivationKind::kRelu6:
        return assign("torch.relu6(" + in() + ")");
      case ActivationKind::kHardSwish:
        return assign("torch.hardswish(" + in() + ")");
      case ActivationKind::kHardSigmoid:
        return assign("torch.hardsigmoid(" + in() + ")");
    }
  }
  void emit(const Pool& p) {
    const bool is_max = p.kind == Pool::Kind::kMax;
    const Window w = window(window_axes(p), is_max ? "-float(\"inf\")" : "0.0");
    const std::string sides =
        list({p.kernel, p.kernel}) + ", " + list({p.stride, p.stride}) + ", " + w.padding;
    const std::string ceil = p.ceil_mode ? "True" : "False";
    if (is_max) {
      assign("torch.max_pool2d(" + w.input + ", " + sides + ", [1, 1], " + ceil + ")");
      return;
    }
    const std::string options =
        sides + ", " + ceil + (p.count_padding ? ", True" : ", False") + ", None)";
    assign("torch.avg_pool2d(" + w.input + ", " + options);
    if (w.cells.empty() || p.count_padding) return;
    // The operator took the cells added before it for image: divide by the share that is.
    const std::string v = value(index_), share = v + "_share";
    line(1, share + " = torch.ones(" + list({1, 1, in_shape().height, in_shape().width}) +
                ", dtype=" + v + ".dtype, device=" + v + ".device)");
    line(1, share + " = torch.constant_pad_nd(" + share + ", " + w.cells + ", 0.0)");
    assign(v + " / torch.avg_pool2d(" + share + ", " + options);
  }
  void emit(const GlobalAveragePool&) { assign("torch.adaptive_avg_pool2d(" + in() + ", [1, 1])"); }
  void emit(const Linear& l) {
    assign("torch.unsqueeze(torch.unsqueeze(torch.linear(torch.flatten(" + in() + ", 1), " +
           parameter("weight") + ", " + (l.bias ? parameter("bias") : "None") + "), 2), 3)");
  }
  void emit(const Add&) {
    std::string sum = in();
    for (size_t i = 1; i < node().inputs.size(); ++i) sum += " + " + in(i);
    assign(sum);
  }
  void emit(const Multiply&) { assign(in(0) + " * " + in(1)); }
  void emit(const Concat&) { assign("torch.cat([" + inputs() + "], 1)"); }
  void emit(const Slice& s) {
    assign("torch.narrow(" + in() + ", 1, " + std::to_string(s.begin) + ", " +
           std::to_string(s.count) + ")");
  }
  void emit(const SplitSoftmax& s) {
    const Shape& shape = in_shape();
    assign("torch.softmax(torch.reshape(" + in() + ", " +
           list({-1, s.splits, shape.channels / s.splits, shape.height, shape.width}) +
           "), 1).reshape(" + list({-1, shape.channels, shape.height, shape.width}) + ")");
  }
  void emit(const Dropout& d) {
    assign("torch.dropout(" + in() + ", " + number(d.rate) + ", self.training)");
  }
  void emit(const DropConnect& d) {
    assign(in());
    if (d.rate == 0) return;
    // Dropout of ones is the mask that keeps an image's branch, scaled by 1 / (1 - rate), or drops
    // it.
    const std::string v = value(index_);
    line(1, "if self.training:");
    line(2, "keep = torch.ones([" + v + ".size(0), 1, 1, 1], dtype=" + v + ".dtype, device=" + v +
                ".device)");
    line(2, v + " = " + v + " * torch.dropout(keep, " + number(d.rate) + ", True)");
  }
  void emit(const SpaceToBatch& s) {
    const Shape& from = in_shape();
    const Shape& to = node().shape;
    const int64_t n = s.block;
    const std::string v = value(index_);
    line(1, v + " = torch.constant_pad_nd(" + in() + ", " +
                list({0, to.width * n - from.width, 0, to.height * n - from.height}) + ", 0.0)");
    line(1, v + " = " + v + ".reshape(" + list({-1, to.channels, to.height, n, to.width, n}) + ")");
    line(1, v + " = " + v + ".permute([3, 5, 0, 1, 2, 4]).reshape(" +
                list({-1, to.channels, to.height, to.width}) + ")");
  }
  void emit(const BatchToSpace& s) {
    const Shape& from = in_shape();
    const int64_t n = s.block;
    const std::string v = value(index_);
    line(1, v + " = " + in() + ".reshape(" +
                list({n, n, -1, from.channels, from.height, from.width}) + ")");
    line(1, v + " = " + v + ".permute([2, 3, 4, 0, 5, 1]).reshape(" +
                list({-1, from.channels, from.height * n, from.width * n}) + ")");
    line(1, v + " = torch.narrow(torch.narrow(" + v + ", 2, 0, " + std::to_string(s.height) +
                "), 3, 0, " + std::to_string(s.width) + ")");
  }

  const Network& network_;
  const ForwardOptions& options_;
  int index_ = 0;
  std::string text_;
};

}  // namespace

bool is_python_keyword(const std::string& word) {
  return std::find(kPythonKeywords.begin(), kPythonKeywords.end(), word) != kPythonKeywords.end();
}

std::vector<std::string> split_dotted(const std::string& name) {
  std::vector<std::string> parts(1);
  for (const char c : name) {
    if (c == '.') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

std::string torchscript_forward(const Network& network, const ForwardOptions& options) {
  return ForwardWriter(network, options).write();
}

}  // namespace ridgeline
