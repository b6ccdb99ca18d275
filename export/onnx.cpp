#include "export/onnx.h"

#include "core/error.h"

#ifdef RIDGELINE_ONNX
#include <ATen/ATen.h>
#include <onnx/checker.h>
#include <onnx/onnx_pb.h>
#include <onnx/shape_inference/implementation.h>

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <optional>
#include <set>

#include "core/file.h"
#endif

namespace ridgeline {

#ifdef RIDGELINE_ONNX
namespace {

constexpr int kIrVersion = 7;

class OnnxWriter {
 public:
  OnnxWriter(const NetworkModule& module, const OnnxOptions& options)
      : network_(module->network()), options_(options) {
    for (const auto& item : module->named_parameters()) tensors_[item.key()] = plain(item.value());
    for (const auto& item : module->named_buffers()) tensors_[item.key()] = plain(item.value());
    readers_.resize(network_.nodes().size());
    for (int i = 0; i < network_.size(); ++i) {
      for (const int input : network_.node(i).inputs)
        readers_[static_cast<size_t>(input)].push_back(i);
    }
    values_.resize(network_.nodes().size());
    flat_.resize(network_.nodes().size());
  }

  onnx::ModelProto write() {
    model_.set_ir_version(kIrVersion);
    model_.set_producer_name("ridgeline");
    auto* opset = model_.add_opset_import();
    opset->set_domain("");
    opset->set_version(kOnnxOpset);
    for (const auto& [key, value] : options_.metadata) {
      auto* entry = model_.add_metadata_props();
      entry->set_key(key);
      entry->set_value(value);
    }
    graph().set_name(network_.name());
    const Shape& in = network_.input_shape();
    describe_value(*graph().add_input(), "images", {in.channels, in.height, in.width});
    for (index_ = 0; index_ < network_.size(); ++index_) {
      std::visit([this](const auto& op) { emit(op); }, node().op);
    }
    const std::string last = values_.back();
    if (flat_.back()) {
      add("Identity", "logits", {last}, "logits");
    } else {
      attribute(add("Flatten", "logits", {last}, "logits"), "axis", int64_t{1});
    }
    describe_value(*graph().add_output(), "logits", {network_.output_shape().elements()});
    return std::move(model_);
  }

 private:
  using Ints = std::vector<int64_t>;

  static at::Tensor plain(const at::Tensor& tensor) {
    return tensor.detach().to(at::kCPU, at::kFloat).clone(at::MemoryFormat::Contiguous);
  }

  onnx::GraphProto& graph() { return *model_.mutable_graph(); }
  const Node& node() const { return network_.node(index_); }
  const Shape& in_shape() const { return network_.node(node().inputs[0]).shape; }
  const at::Tensor& tensor(const std::string& name) const { return tensors_.at(name); }

  static void describe_value(onnx::ValueInfoProto& value, const std::string& name,
                             const Ints& sides) {
    value.set_name(name);
    auto* type = value.mutable_type()->mutable_tensor_type();
    type->set_elem_type(onnx::TensorProto::FLOAT);
    type->mutable_shape()->add_dim()->set_dim_param("N");
    for (const int64_t side : sides) type->mutable_shape()->add_dim()->set_dim_value(side);
  }

  onnx::NodeProto& add(const std::string& type, const std::string& name,
                       const std::vector<std::string>& inputs, const std::string& output) {
    onnx::NodeProto& result = *graph().add_node();
    result.set_op_type(type);
    result.set_name(name);
    for (const auto& input : inputs) result.add_input(input);
    result.add_output(output);
    return result;
  }
  /// The operator of the current node, which gives its value.
  onnx::NodeProto& add(const std::string& type, const std::vector<std::string>& inputs) {
    set_value(node().name);
    return add(type, node().name, inputs, node().name);
  }
  void set_value(const std::string& name) { values_[static_cast<size_t>(index_)] = name; }

  static void attribute(onnx::NodeProto& to, const char* name, int64_t value) {
    auto* result = to.add_attribute();
    result->set_name(name);
    result->set_type(onnx::AttributeProto::INT);
    result->set_i(value);
  }
  static void attribute(onnx::NodeProto& to, const char* name, float value) {
    auto* result = to.add_attribute();
    result->set_name(name);
    result->set_type(onnx::AttributeProto::FLOAT);
    result->set_f(value);
  }
  static void attribute(onnx::NodeProto& to, const char* name, const Ints& values) {
    auto* result = to.add_attribute();
    result->set_name(name);
    result->set_type(onnx::AttributeProto::INTS);
    for (const int64_t value : values) result->add_ints(value);
  }

  std::string weight(const std::string& name, const at::Tensor& values) {
    auto* result = graph().add_initializer();
    result->set_name(name);
    result->set_data_type(values.scalar_type() == at::kLong ? onnx::TensorProto::INT64
                                                            : onnx::TensorProto::FLOAT);
    for (const int64_t side : values.sizes()) result->add_dims(side);
    const at::Tensor bytes = values.contiguous();
    result->set_raw_data(bytes.data_ptr(), bytes.nbytes());
    return name;
  }
  std::string integers(const std::string& part, const Ints& values) {
    return weight(node().name + "." + part, at::tensor(values, at::kLong));
  }

  /// An input as [N, C]...
  std::string flat_input(size_t i = 0) {
    const auto at = static_cast<size_t>(node().inputs[i]);
    if (flat_[at]) return values_[at];
    const std::string name = node().name + ".flatten";
    attribute(add("Flatten", name, {values_[at]}, name), "axis", int64_t{1});
    return name;
  }
  /// ... and as [N, C, H, W].
  std::string input(size_t i = 0) {
    const auto at = static_cast<size_t>(node().inputs[i]);
    if (!flat_[at]) return values_[at];
    const std::string name = node().name + ".unsqueeze" + std::to_string(i);
    const std::string axes = integers("axes" + std::to_string(i), {2, 3});
    return add("Unsqueeze", name, {values_[at], axes}, name).output(0);
  }
  std::vector<std::string> inputs() {
    std::vector<std::string> names;
    for (size_t i = 0; i < node().inputs.size(); ++i) names.push_back(input(i));
    return names;
  }
  /// For an operator that works on [N, C] as well.
  std::string same_input() {
    const auto at = static_cast<size_t>(node().inputs[0]);
    flat_[static_cast<size_t>(index_)] = flat_[at];
    return values_[at];
  }

  /// {top, left, bottom, right}, the order of ONNX.
  using Pads = std::array<int64_t, 4>;
  static Ints list(const Pads& pads) { return {pads.begin(), pads.end()}; }

  std::string padded(const std::string& from, const Pads& pads, float outside = 0,
                     const std::string& what = "pad") {
    const std::string name = node().name + "." + what;
    const std::string sides =
        integers(what + "s", {0, 0, pads[0], pads[1], 0, 0, pads[2], pads[3]});
    if (outside == 0) return add("Pad", name, {from, sides}, name).output(0);
    const std::string value = weight(name + ".value", at::scalar_tensor(outside));
    return add("Pad", name, {from, sides, value}, name).output(0);
  }
  /// Operators do not take negative pads: rows and columns that are cut off.
  std::string cut(const std::string& from, Pads& pads) {
    Pads negative{};
    for (size_t i = 0; i < pads.size(); ++i) {
      negative[i] = std::min<int64_t>(pads[i], 0);
      pads[i] -= negative[i];
    }
    return negative == Pads{} ? from : padded(from, negative, 0, "cut");
  }

  void emit(const Input&) {
    set_value("images");
    const auto& normalization = options_.input.normalization;
    if (!options_.input.include_preprocessing || !normalization) return;
    const auto channels = [&](const char* name, const std::vector<double>& values) {
      return weight(name, at::tensor(values, at::kDouble).to(at::kFloat).view({1, -1, 1, 1}));
    };
    add("Sub", "centred", {"images", channels("mean", normalization->mean)}, "centred");
    add("Div", "normalized", {"centred", channels("std", normalization->deviation)}, "normalized");
    set_value("normalized");
  }

  /// The batch norm that alone reads a convolution.
  const Node* folded_norm() const {
    const auto& readers = readers_[static_cast<size_t>(index_)];
    if (readers.size() != 1) return nullptr;
    const Node& reader = network_.node(readers[0]);
    return std::holds_alternative<BatchNorm>(reader.op) ? &reader : nullptr;
  }

  void emit(const Conv2d& c) {
    const auto axes = window_axes(c);
    const ResolvedPadding h = resolve_padding(axes[0], in_shape().height);
    const ResolvedPadding w = resolve_padding(axes[1], in_shape().width);
    Pads pads{h.before, w.before, h.after, w.after};
    const std::string from = cut(input(), pads);
    const std::string& name = node().name;
    at::Tensor weights = tensor(name + ".weight");
    std::optional<at::Tensor> bias;
    if (c.bias) bias = tensor(name + ".bias");
    if (const Node* norm = folded_norm()) {
      const auto part = [&](const char* leaf) { return tensor(norm->name + leaf).to(at::kDouble); };
      const at::Tensor scale =
          part(".weight") / (part(".running_var") + std::get<BatchNorm>(norm->op).epsilon).sqrt();
      const at::Tensor shift = bias ? bias->to(at::kDouble) : at::zeros_like(scale);
      weights = (weights.to(at::kDouble) * scale.view({-1, 1, 1, 1})).to(at::kFloat);
      bias = ((shift - part(".running_mean")) * scale + part(".bias")).to(at::kFloat);
    }
    std::vector<std::string> from_all{from, weight(name + ".weight", weights)};
    if (bias) from_all.push_back(weight(name + ".bias", *bias));
    auto& conv = add("Conv", from_all);
    attribute(conv, "kernel_shape", Ints{c.kernel_h, c.kernel_w});
    attribute(conv, "strides", Ints{c.stride, c.stride});
    attribute(conv, "pads", list(pads));
    attribute(conv, "dilations", Ints{1, 1});
    attribute(conv, "group", c.groups);
  }

  void emit(const BatchNorm& b) {
    const int from = node().inputs[0];
    const bool is_folded = std::holds_alternative<Conv2d>(network_.node(from).op) &&
                           readers_[static_cast<size_t>(from)].size() == 1;
    if (is_folded) return set_value(values_[static_cast<size_t>(from)]);
    std::vector<std::string> from_all{input()};
    for (const char* leaf : {".weight", ".bias", ".running_mean", ".running_var"})
      from_all.push_back(weight(node().name + leaf, tensor(node().name + leaf)));
    attribute(add("BatchNormalization", from_all), "epsilon", static_cast<float>(b.epsilon));
  }

  void emit(const Activation& a) {
    const std::string x = same_input();
    const std::string inner = node().name + ".gate";
    constexpr float kSlope = 1.0F / 6.0F;
    switch (a.kind) {
      case ActivationKind::kIdentity:
        return set_value(x);
      case ActivationKind::kRelu:
        add("Relu", {x});
        return;
      case ActivationKind::kSigmoid:
        add("Sigmoid", {x});
        return;
      case ActivationKind::kSwish:
        add("Sigmoid", inner, {x}, inner);
        add("Mul", {x, inner});
        return;
      case ActivationKind::kRelu6:
        add("Clip", {x, weight(node().name + ".least", at::scalar_tensor(0, at::kFloat)),
                     weight(node().name + ".most", at::scalar_tensor(6, at::kFloat))});
        return;
      case ActivationKind::kHardSigmoid:
        attribute(add("HardSigmoid", {x}), "alpha", kSlope);
        return;
      case ActivationKind::kHardSwish:
        attribute(add("HardSigmoid", inner, {x}, inner), "alpha", kSlope);
        add("Mul", {x, inner});
        return;
    }
  }

  void emit(const Pool& p) {
    const auto axes = window_axes(p);
    const std::array<int64_t, 2> sizes{in_shape().height, in_shape().width};
    Pads pads{},
        over{};  // `over`: how far the last windows of a ceil mode reach beyond the padding
    for (size_t axis = 0; axis < 2; ++axis) {
      const ResolvedPadding r = resolve_padding(axes[axis], sizes[axis]);
      pads[axis] = r.before;
      pads[axis + 2] = r.after;
      const int64_t end = (r.out - 1) * p.stride + p.kernel - r.before;
      if (p.ceil_mode) over[axis + 2] = std::max<int64_t>(0, end - sizes[axis] - r.after);
    }
    std::string from = cut(input(), pads);
    const bool is_max = p.kind == Pool::Kind::kMax;
    bool counts = !is_max && p.count_padding;
    if (over != Pads{}) {
      // Cells beyond the padding never count.
      if (counts && pads != Pads{}) from = padded(from, std::exchange(pads, Pads{}));
      for (size_t i = 0; i < pads.size(); ++i) pads[i] += over[i];
      counts = false;
    }
    // ONNX Runtime refuses a padding as wide as the window.
    const bool wide =
        std::any_of(pads.begin(), pads.end(), [&](int64_t n) { return n >= p.kernel; });
    if (wide && (is_max || counts)) {
      const float outside = is_max ? -std::numeric_limits<float>::infinity() : 0.0F;
      from = padded(from, std::exchange(pads, Pads{}), outside);
    }
    auto& pool = add(is_max ? "MaxPool" : "AveragePool", {from});
    attribute(pool, "kernel_shape", Ints{p.kernel, p.kernel});
    attribute(pool, "strides", Ints{p.stride, p.stride});
    attribute(pool, "pads", list(pads));
    if (!is_max) attribute(pool, "count_include_pad", int64_t{counts});
  }

  void emit(const GlobalAveragePool&) { add("GlobalAveragePool", {input()}); }
  void emit(const Linear& l) {
    const std::string& name = node().name;
    std::vector<std::string> from{flat_input(), weight(name + ".weight", tensor(name + ".weight"))};
    if (l.bias) from.push_back(weight(name + ".bias", tensor(name + ".bias")));
    attribute(add("Gemm", from), "transB", int64_t{1});
    flat_[static_cast<size_t>(index_)] = true;
  }
  void emit(const Add&) {
    const auto terms = inputs();
    add(terms.size() == 2 ? "Add" : "Sum", terms);
  }
  void emit(const Multiply&) { add("Mul", inputs()); }
  void emit(const Concat&) { attribute(add("Concat", inputs()), "axis", int64_t{1}); }
  void emit(const Slice& s) {
    add("Slice", {input(), integers("begin", {s.begin}), integers("end", {s.begin + s.count}),
                  integers("axis", {1})});
  }
  void emit(const SplitSoftmax& s) {
    const Shape& shape = in_shape();
    const std::string split = reshape(
        "split", input(), {0, s.splits, shape.channels / s.splits, shape.height, shape.width});
    const std::string soft = node().name + ".softmax";
    attribute(add("Softmax", soft, {split}, soft), "axis", int64_t{1});
    add("Reshape", {soft, integers("shape", {0, shape.channels, shape.height, shape.width})});
  }
  void emit(const Dropout&) { set_value(same_input()); }
  void emit(const DropConnect&) { set_value(same_input()); }

  std::string reshape(const std::string& part, const std::string& from, const Ints& shape) {
    const std::string name = node().name + "." + part;
    return add("Reshape", name, {from, integers(part + "_shape", shape)}, name).output(0);
  }
  std::string transpose(const std::string& from, const Ints& order) {
    const std::string name = node().name + ".transpose";
    auto& result = add("Transpose", name, {from}, name);
    attribute(result, "perm", order);
    return name;
  }
  void emit(const SpaceToBatch& s) {
    const Shape &from = in_shape(), &to = node().shape;
    const int64_t n = s.block;
    const Pads pads{0, 0, to.height * n - from.height, to.width * n - from.width};
    const std::string whole = pads == Pads{} ? input() : padded(input(), pads);
    const std::string cells = reshape("cells", whole, {0, to.channels, to.height, n, to.width, n});
    add("Reshape", {transpose(cells, {3, 5, 0, 1, 2, 4}),
                    integers("shape", {-1, to.channels, to.height, to.width})});
  }
  void emit(const BatchToSpace& s) {
    const Shape& from = in_shape();
    const int64_t n = s.block;
    const std::string cells =
        reshape("cells", input(), {n, n, -1, from.channels, from.height, from.width});
    const std::string joined = reshape("joined", transpose(cells, {2, 3, 4, 0, 5, 1}),
                                       {-1, from.channels, from.height * n, from.width * n});
    add("Slice", {joined, integers("begin", {0, 0}), integers("end", {s.height, s.width}),
                  integers("axes", {2, 3})});
  }

  const Network& network_;
  const OnnxOptions& options_;
  std::map<std::string, at::Tensor> tensors_;
  std::vector<std::vector<int>> readers_;  // per node
  std::vector<std::string> values_;        // per node: the name of its value
  std::vector<bool> flat_;                 // per node: its value is [N, C]
  onnx::ModelProto model_;
  int index_ = 0;
};

/// Throws `kInternal`; leaves the shape of every value in the model.
void check_onnx(onnx::ModelProto& model) {
  try {
    onnx::checker::check_model(model);
    const onnx::ShapeInferenceOptions strict(/*check_type=*/true, /*strict_mode=*/1,
                                             /*data_prop=*/true);
    onnx::shape_inference::InferShapes(model, onnx::OpSchemaRegistry::Instance(), strict);
  } catch (const std::exception& error) {
    throw Error(ErrorKind::kInternal, std::string("export: the checker of ONNX refuses ") +
                                          model.graph().name() + ": " + error.what());
  }
  std::set<std::string> known;
  for (const auto& value : model.graph().value_info()) {
    if (value.type().tensor_type().has_shape()) known.insert(value.name());
  }
  for (const auto& value : model.graph().output()) known.insert(value.name());
  for (const auto& node : model.graph().node()) {
    if (known.contains(node.output(0))) continue;
    throw Error(ErrorKind::kInternal,
                "export: ONNX infers no shape for " + node.name() + " of " + model.graph().name());
  }
}

}  // namespace

std::string onnx_missing() { return {}; }

void export_onnx(const NetworkModule& module, const std::filesystem::path& path,
                 const OnnxOptions& options) {
  onnx::ModelProto model = OnnxWriter(module, options).write();
  check_onnx(model);
  std::string bytes;
  if (!model.SerializeToString(&bytes))
    throw Error(ErrorKind::kInternal, path.string() + ": the network is too large for ONNX");
  write_file_atomic(path, bytes);
}

#else

std::string onnx_missing() {
  return "this Ridgeline was built without ONNX; remedy: install libonnx-dev and build again";
}

void export_onnx(const NetworkModule&, const std::filesystem::path& path, const OnnxOptions&) {
  throw Error(ErrorKind::kUsage, path.string() + ": " + onnx_missing());
}

#endif

void export_untrained_onnx(const Network& network, const std::filesystem::path& path) {
  export_onnx(NetworkModule(network, /*seed=*/1), path);
}

}  // namespace ridgeline
