#include "export/pytorch_operators.h"

#include <sstream>

#include "core/config.h"

namespace ridgeline {

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
  return text;
}

std::string tuple(std::initializer_list<int64_t> values) {
  std::vector<std::string> texts;
  for (const int64_t value : values) texts.push_back(std::to_string(value));
  return "(" + join(texts) + ")";
}

std::string real(double value) { return ConfigWriter::plain_number(value); }

std::string rate_text(double rate) {
  std::ostringstream text;
  text << rate;
  return text.str();
}

const char* activation_class(ActivationKind kind) {
  switch (kind) {
    case ActivationKind::kIdentity:
      return "nn.Identity";
    case ActivationKind::kRelu:
      return "nn.ReLU";
    case ActivationKind::kSwish:
      return "nn.SiLU";
    case ActivationKind::kSigmoid:
      return "nn.Sigmoid";
    case ActivationKind::kRelu6:
      return "nn.ReLU6";
    case ActivationKind::kHardSwish:
      return "nn.Hardswish";
    case ActivationKind::kHardSigmoid:
      return "nn.Hardsigmoid";
  }
  return "?";
}

std::string PyTorchOperators::kernel_text(const Conv2d& c) {
  return c.kernel_h == c.kernel_w ? std::to_string(c.kernel_h) : tuple({c.kernel_h, c.kernel_w});
}

std::string PyTorchOperators::conv_text(const Conv2d& c, int index) {
  const Sides pad = sides(c, index);
  if (!pad.even()) used_.insert("Conv2d");
  std::string text = (pad.even() ? "nn.Conv2d(" : "Conv2d(") +
                     std::to_string(in_shape(index).channels) + ", " +
                     std::to_string(c.out_channels) + ", " + kernel_text(c);
  if (c.stride != 1) text += ", stride=" + std::to_string(c.stride);
  if (pad.text() != "0") text += ", padding=" + pad.text();
  if (c.groups != 1) text += ", groups=" + std::to_string(c.groups);
  return text + (c.bias ? ")" : ", bias=False)");
}

std::string PyTorchOperators::pool_text(const Pool& p, int index) {
  const Sides pad = sides(p, index);
  const bool is_max = p.kind == Pool::Kind::kMax;
  const std::string name = is_max ? "MaxPool2d" : "AvgPool2d";
  const bool skips = !is_max && !p.count_padding;
  std::string text = name + "(" + std::to_string(p.kernel) + ", " + std::to_string(p.stride);
  if (!pad.even()) {
    used_.insert(name);
    return text + ", " + pad.text() + (skips ? ", count_include_pad=False)" : ")");
  }
  if (pad.text() != "0") text += ", padding=" + pad.text();
  if (p.ceil_mode) text += ", ceil_mode=True";
  return "nn." + text + (skips ? ", count_include_pad=False)" : ")");
}

std::string PyTorchOperators::operator_text(int index) {
  const Operator& op = node(index).op;
  const std::string channels = std::to_string(in_shape(index).channels);
  if (const auto* c = std::get_if<Conv2d>(&op)) {
    if (c->init == WeightInit::kSpaceToDepth) space_to_depth_.push_back(node(index).name);
    return conv_text(*c, index);
  }
  if (const auto* b = std::get_if<BatchNorm>(&op)) {
    return "nn.BatchNorm2d(" + channels + ", eps=" + real(b->epsilon) +
           ", momentum=" + real(b->momentum) + ")";
  }
  if (const auto* a = std::get_if<Activation>(&op))
    return std::string(activation_class(a->kind)) + "()";
  if (const auto* p = std::get_if<Pool>(&op)) return pool_text(*p, index);
  if (std::holds_alternative<GlobalAveragePool>(op)) return "nn.AdaptiveAvgPool2d(1)";
  if (const auto* l = std::get_if<Linear>(&op)) {
    return "nn.Linear(" + channels + ", " + std::to_string(l->out_features) +
           (l->bias ? ")" : ", bias=False)");
  }
  if (const auto* d = std::get_if<Dropout>(&op)) return "nn.Dropout(" + rate_text(d->rate) + ")";
  if (const auto* d = std::get_if<DropConnect>(&op)) {
    used_.insert("DropConnect");
    return "DropConnect(" + rate_text(d->rate) + ")";
  }
  if (const auto* s = std::get_if<SpaceToBatch>(&op)) {
    used_.insert("SpaceToBatch");
    const Shape &from = in_shape(index), &to = node(index).shape;
    return "SpaceToBatch(" + std::to_string(s->block) + ", " + std::to_string(to.height) + ", " +
           std::to_string(to.width) + ", padding=" +
           tuple({0, to.width * s->block - from.width, 0, to.height * s->block - from.height}) +
           ")";
  }
  if (const auto* s = std::get_if<BatchToSpace>(&op)) {
    used_.insert("BatchToSpace");
    return "BatchToSpace(" + std::to_string(s->block) + ", " + std::to_string(s->height) + ", " +
           std::to_string(s->width) + ")";
  }
  return {};
}

std::string PyTorchOperators::expression(int index, const std::vector<std::string>& x) const {
  const Operator& op = node(index).op;
  if (std::holds_alternative<Add>(op)) return join(x, " + ");
  if (std::holds_alternative<Multiply>(op)) return join(x, " * ");
  if (std::holds_alternative<Concat>(op)) return "torch.cat([" + join(x) + "], 1)";
  if (const auto* s = std::get_if<Slice>(&op)) {
    return x[0] + "[:, " + std::to_string(s->begin) + ":" + std::to_string(s->begin + s->count) +
           "]";
  }
  const auto& softmax = std::get<SplitSoftmax>(op);
  const Shape& shape = in_shape(index);
  const std::string size = std::to_string(shape.height) + ", " + std::to_string(shape.width);
  return x[0] + ".reshape(-1, " + std::to_string(softmax.splits) + ", " +
         std::to_string(shape.channels / softmax.splits) + ", " + size +
         ").softmax(1).reshape(-1, " + std::to_string(shape.channels) + ", " + size + ")";
}

}  // namespace ridgeline
