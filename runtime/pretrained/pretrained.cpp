#include "runtime/pretrained/pretrained.h"

#include <ATen/ATen.h>

#include <map>
#include <set>
#include <utility>

#include "core/error.h"
#include "runtime/pretrained/layer_names.h"
#include "runtime/pretrained/torch_file.h"

namespace ridgeline {
namespace {

constexpr size_t kNamed = 3;  // of the tensors that do not fit

std::string shape_of(const at::Tensor& tensor) {
  std::vector<std::string> sides;
  for (const int64_t side : tensor.sizes()) sides.push_back(std::to_string(side));
  return "[" + join(sides, "x") + "]";
}

std::vector<std::string> names_in(const StoredWeights& stored) {
  std::vector<std::string> names;
  for (const auto& entry : stored.tensors) names.push_back(entry.first);
  return names;
}

template <class Action>
auto naming_file(const std::filesystem::path& path, const Action& action) {
  try {
    return action();
  } catch (const Error& error) {
    throw Error(error.kind(), path.string() + ": " + error.what());
  }
}

/// The cells that a convolution adds on each side of its input.
std::vector<int64_t> cells_of(const Network& network, const Node& node) {
  const auto axes = window_axes(std::get<Conv2d>(node.op));
  const Shape& in = network.node(node.inputs[0]).shape;
  const ResolvedPadding h = resolve_padding(axes[0], in.height);
  const ResolvedPadding w = resolve_padding(axes[1], in.width);
  return {h.before, h.after, w.before, w.after};
}

/// Whether the two pad and normalize in the same way; they have the same nodes.
bool computes_alike(const Network& a, const Network& b) {
  for (int i = 0; i < a.size(); ++i) {
    if (std::holds_alternative<Conv2d>(a.node(i).op) &&
        cells_of(a, a.node(i)) != cells_of(b, b.node(i))) {
      return false;
    }
    const auto* norm = std::get_if<BatchNorm>(&a.node(i).op);
    if (norm != nullptr && norm->epsilon != std::get<BatchNorm>(b.node(i).op).epsilon) return false;
  }
  return true;
}

/// The tensors of one file that go into one module.
class Matching {
 public:
  Matching(NetworkModule& module, const StoredWeights& stored, const NameMap& map,
           PretrainedHead head)
      : stored_(stored), map_(map), head_(head), network_(module->network()) {
    if (std::holds_alternative<Linear>(network_.nodes().back().op)) {
      head_node_ = network_.nodes().back().name;
    }
    std::vector<std::pair<std::string, at::Tensor>> tensors;
    for (const auto& item : module->named_parameters())
      tensors.emplace_back(item.key(), item.value());
    for (const auto& item : module->named_buffers()) tensors.emplace_back(item.key(), item.value());
    decide_about_head(tensors);
    for (const auto& [name, tensor] : tensors) match(name, tensor);
    for (const auto& entry : stored.tensors) {
      const std::string& name = entry.first;
      if (used_.contains(name) || name.ends_with("num_batches_tracked")) continue;
      misfits_.push_back("'" + name + "' is no tensor of the network");
    }
  }

  const std::vector<std::string>& misfits() const { return misfits_; }

  void copy(PretrainedReport& report) {
    for (auto& [name, to, from] : matches_) {
      to.copy_(from.reshape(to.sizes()));
      report.taken.push_back(name);
    }
    report.fresh = fresh_;
  }

 private:
  struct Match {
    std::string name;
    at::Tensor to, from;
  };

  /// "layer1.0.bn1.weight" for "stage1.block0.conv1.bn.weight"; empty: there is no such layer.
  std::string stored_name(const std::string& name) const {
    const size_t dot = name.rfind('.');
    const std::string& layer = map_.names.at(name.substr(0, dot));
    return layer.empty() ? "" : layer + name.substr(dot);
  }

  bool is_head(const std::string& name) const {
    return !head_node_.empty() && name.substr(0, name.rfind('.')) == head_node_;
  }

  const at::Tensor* stored(const std::string& name) const {
    const auto found = stored_.tensors.find(name);
    return found == stored_.tensors.end() ? nullptr : &found->second;
  }

  void decide_about_head(const std::vector<std::pair<std::string, at::Tensor>>& tensors) {
    new_head_ = head_ == PretrainedHead::kNew;
    if (head_ != PretrainedHead::kAuto) return;
    for (const auto& [name, tensor] : tensors) {
      if (!is_head(name)) continue;
      const at::Tensor* from = stored(stored_name(name));
      new_head_ |= from == nullptr || from->dim() == 0 || from->size(0) != tensor.size(0);
    }
  }

  void match(const std::string& name, const at::Tensor& to) {
    const std::string theirs = stored_name(name);
    const at::Tensor* from = stored(theirs);
    if (from != nullptr) used_.insert(theirs);
    const bool is_new = new_head_ && is_head(name);
    if (is_new) fresh_.push_back(name);
    if (theirs.empty()) {
      misfits_.push_back("'" + name + "' has no counterpart in " + map_.source);
    } else if (is_new && (from == nullptr || same_but_classes(*from, to))) {
      return;
    } else if (from == nullptr) {
      misfits_.push_back("it lacks '" + theirs + "', which is '" + name + "' here");
    } else if (!same_shape(*from, to)) {
      misfits_.push_back("'" + theirs + "' is " + shape_of(*from) + ", but '" + name + "' is " +
                         shape_of(to));
    } else if (!from->is_floating_point()) {
      misfits_.push_back("'" + theirs + "' holds integers");
    } else if (!from->isfinite().all().item<bool>()) {
      misfits_.push_back("'" + theirs + "' holds NaN or infinity");
    } else {
      matches_.push_back({name, to, *from});
    }
  }

  /// A linear layer may stand there as a 1x1 convolution.
  static bool same_shape(const at::Tensor& from, const at::Tensor& to) {
    std::vector<int64_t> sides = from.sizes().vec();
    while (static_cast<int64_t>(sides.size()) > to.dim() && sides.back() == 1) sides.pop_back();
    return to.sizes() == at::IntArrayRef(sides);
  }
  static bool same_but_classes(const at::Tensor& from, const at::Tensor& to) {
    return from.dim() == to.dim() && from.sizes().slice(1) == to.sizes().slice(1);
  }

  const StoredWeights& stored_;
  const NameMap& map_;
  PretrainedHead head_;
  const Network& network_;
  std::string head_node_;  // of the last linear layer; empty: there is none
  bool new_head_ = false;
  std::set<std::string> used_;
  std::vector<Match> matches_;
  std::vector<std::string> fresh_, misfits_;
};

/// What may be behind a file that does not fit.
std::string hint(const Network& network, PretrainedLayout layout) {
  if (layout != PretrainedLayout::kTorchvision || !network.name().starts_with("regnet")) return "";
  return "; torchvision's regnet_x_400mf, regnet_y_800mf and regnet_y_8gf are wider than the "
         "published networks, which timm has";
}

}  // namespace

PretrainedLayout find_pretrained_layout(const Network& network,
                                        const std::filesystem::path& weights,
                                        PretrainedLayout asked) {
  if (asked != PretrainedLayout::kAuto) return asked;
  const StoredWeights stored = read_stored_weights(weights);
  return naming_file(weights, [&] { return name_map(network, asked, names_in(stored)).layout; });
}

PretrainedReport load_pretrained(NetworkModule& module, const std::filesystem::path& weights,
                                 const PretrainedOptions& options) {
  const Network& network = module->network();
  const StoredWeights stored = read_stored_weights(weights);
  const NameMap map =
      naming_file(weights, [&] { return name_map(network, options.layout, names_in(stored)); });
  Matching matching(module, stored, map, options.head);
  const auto& misfits = matching.misfits();
  if (!misfits.empty()) {
    const std::vector<std::string> first(
        misfits.begin(),
        misfits.begin() + static_cast<std::ptrdiff_t>(std::min(kNamed, misfits.size())));
    const size_t more = misfits.size() - first.size();
    throw Error(ErrorKind::kData, weights.string() + ": does not fit the network " +
                                      network.name() + ": " + join(first, "; ") +
                                      (more > 0 ? "; and " + std::to_string(more) + " more" : "") +
                                      hint(network, map.layout));
  }
  if (!computes_alike(network, as_pretrained_layout(network, map.layout))) {
    throw Error(ErrorKind::kConfig, weights.string() + ": weights of the layout " +
                                        enum_name(map.layout) +
                                        " need another padding or epsilon than the network " +
                                        network.name() + " has; make it with as_pretrained_layout");
  }
  PretrainedReport report{map.layout, map.source, stored.part, {}, {}};
  const at::NoGradGuard no_grad;
  matching.copy(report);
  return report;
}

}  // namespace ridgeline
