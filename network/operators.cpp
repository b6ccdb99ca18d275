#include <algorithm>

#include "core/overloaded.h"
#include "network/network.h"

namespace ridgeline {
namespace {

std::string square(int h, int w) { return std::to_string(h) + "x" + std::to_string(w); }

std::string strided(const std::string& text, int stride) {
  return stride == 1 ? text : text + "/" + std::to_string(stride);
}

}  // namespace

std::string to_string(const Shape& shape) {
  std::string text = std::to_string(shape.channels) + "x" + std::to_string(shape.height) + "x" +
                     std::to_string(shape.width);
  return shape.batch == 1 ? text : std::to_string(shape.batch) + "*" + text;
}

const char* to_string(ActivationKind kind) {
  switch (kind) {
    case ActivationKind::kIdentity:
      return "identity";
    case ActivationKind::kRelu:
      return "relu";
    case ActivationKind::kSwish:
      return "swish";
    case ActivationKind::kSigmoid:
      return "sigmoid";
    case ActivationKind::kRelu6:
      return "relu6";
    case ActivationKind::kHardSwish:
      return "hard swish";
    case ActivationKind::kHardSigmoid:
      return "hard sigmoid";
  }
  return "?";
}

std::array<WindowAxis, 2> window_axes(const Conv2d& c) {
  return {{{c.padding.mode, c.padding.height, c.kernel_h, c.stride},
           {c.padding.mode, c.padding.width, c.kernel_w, c.stride}}};
}

std::array<WindowAxis, 2> window_axes(const Pool& p) {
  return {{{p.padding.mode, p.padding.height, p.kernel, p.stride, p.ceil_mode},
           {p.padding.mode, p.padding.width, p.kernel, p.stride, p.ceil_mode}}};
}

ResolvedPadding resolve_padding(const WindowAxis& axis, int64_t in) {
  const auto& [mode, explicit_pad, kernel, stride, ceil_mode] = axis;
  ResolvedPadding result;
  if (mode == Padding::Mode::kSame || mode == Padding::Mode::kShifted) {
    const int shift = mode == Padding::Mode::kShifted ? 1 : 0;
    result.out = (in + stride - 1) / stride;
    const int64_t total = std::max<int64_t>(0, (result.out - 1) * stride + kernel - in);
    result.before = total / 2 - shift;
    result.after = total - result.before;
    return result;
  }
  const int64_t pad = mode == Padding::Mode::kExplicit ? explicit_pad : 0;
  result.before = result.after = pad;
  const int64_t span = in + 2 * pad - kernel;
  if (span < 0) return result;  // out = 0: the builder refuses it
  result.out = (ceil_mode ? (span + stride - 1) / stride : span / stride) + 1;
  // A window must start inside the input or its leading padding (PyTorch's rule).
  if (ceil_mode && (result.out - 1) * stride >= in + pad) --result.out;
  return result;
}

std::string describe(const Operator& op) {
  return std::visit(
      Overloaded{[](const Input&) -> std::string { return "input"; },
                 [](const Conv2d& c) {
                   const std::string kind = c.groups == 1 ? "conv "
                                            : c.groups == c.out_channels
                                                ? "depthwise "
                                                : "conv g" + std::to_string(c.groups) + " ";
                   return strided(kind + square(c.kernel_h, c.kernel_w), c.stride);
                 },
                 [](const BatchNorm&) -> std::string { return "batch norm"; },
                 [](const Activation& a) -> std::string { return to_string(a.kind); },
                 [](const Pool& p) {
                   return strided((p.kind == Pool::Kind::kMax ? "max pool " : "average pool ") +
                                      square(p.kernel, p.kernel),
                                  p.stride);
                 },
                 [](const GlobalAveragePool&) -> std::string { return "global average pool"; },
                 [](const Linear&) -> std::string { return "linear"; },
                 [](const Add&) -> std::string { return "add"; },
                 [](const Multiply&) -> std::string { return "multiply"; },
                 [](const Concat&) -> std::string { return "concat"; },
                 [](const Slice&) -> std::string { return "slice"; },
                 [](const SplitSoftmax& s) { return "softmax over " + std::to_string(s.splits); },
                 [](const Dropout&) -> std::string { return "dropout"; },
                 [](const DropConnect&) -> std::string { return "drop connect"; },
                 [](const SpaceToBatch& s) { return "space to batch " + std::to_string(s.block); },
                 [](const BatchToSpace& s) { return "batch to space " + std::to_string(s.block); }},
      op);
}

}  // namespace ridgeline
