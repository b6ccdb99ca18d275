#include "accuracy/supernet/shared_weights.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>

#include "accuracy/supernet/covering.h"
#include "accuracy/supernet/shared_names.h"
#include "core/error.h"
#include "core/random.h"
#include "runtime/device.h"
#include "runtime/weights.h"

namespace ridgeline {
namespace {

std::string sides(const std::vector<int64_t>& shape) {
  std::vector<std::string> texts;
  for (const int64_t side : shape) texts.push_back(std::to_string(side));
  return join(texts, " x ");
}

/// Where the cells of a smaller kernel lie in a larger one, along one axis: so that both see the
/// same pixels.
int64_t kernel_offset(WindowAxis axis, int64_t in, int64_t largest) {
  const int64_t own = axis.kernel, before = resolve_padding(axis, in).before;
  axis.kernel = static_cast<int>(largest);
  return std::clamp<int64_t>(resolve_padding(axis, in).before - before, 0, largest - own);
}

/// The part of `shared` that parameter `shape` of node `index` uses, dense.
at::Tensor slice_of(const at::Tensor& shared, const Network& network, int index,
                    const std::vector<int64_t>& shape) {
  at::Tensor part = shared;
  const Node& node = network.node(index);
  for (size_t axis = 0; axis < shape.size(); ++axis) {
    const auto at = static_cast<int64_t>(axis);
    const int64_t size = shared.size(at);
    if (size == shape[axis]) continue;
    int64_t begin = 0;
    if (axis >= 2) {
      const Shape& in = network.node(node.inputs[0]).shape;
      const WindowAxis window = window_axes(std::get<Conv2d>(node.op))[axis - 2];
      begin = kernel_offset(window, axis == 2 ? in.height : in.width, size);
    }
    part = part.narrow(at, begin, shape[axis]);
  }
  // As `place` lays out a network's own weights.
  return shape.size() == 4 ? part.clone(at::MemoryFormat::ChannelsLast) : part.contiguous();
}

/// Where a weight occurs at its largest size.
struct Largest {
  size_t network = 0;
  int node = 0;
  ParameterShape parameter = {};

  /// Some covering network has all axes at their largest: the numbers behind them are.
  void take(Largest other) {
    const auto elements = [](const ParameterShape& p) {
      int64_t product = 1;
      for (const int64_t side : p.shape) product *= side;
      return p.shape.empty() ? 0 : product;
    };
    if (elements(other.parameter) > elements(parameter)) *this = std::move(other);
  }
};

}  // namespace

SharedWeights::SharedWeights(std::map<std::string, at::Tensor> tensors)
    : torch::nn::Module("SharedWeights") {
  for (auto& [name, tensor] : tensors) tensors_[name] = register_parameter(name, tensor);
}

std::shared_ptr<SharedWeights> SharedWeights::of_space(const std::vector<Decision>& decisions,
                                                       const Architecture& base, uint64_t seed) {
  if (base.is_plain()) lower(base);  // throws with the cause
  std::vector<Network> networks;
  std::map<std::string, Largest> largest;
  for (const Architecture& architecture : covering_architectures(decisions, base)) {
    networks.push_back(lower(architecture));
    const Network& network = networks.back();
    const SharedNames names(architecture);
    for (int i = 0; i < network.size(); ++i) {
      for (ParameterShape& parameter : parameter_shapes(network, i)) {
        const std::string name = names.of(network.node(i), parameter.name);
        largest[name].take({networks.size() - 1, i, std::move(parameter)});
      }
    }
  }
  std::map<std::string, at::Tensor> tensors;
  for (const auto& [name, found] : largest) {
    at::Generator generator =
        at::detail::createCPUGenerator(derive_seed(seed, hash_text(name), "shared weights"));
    tensors[name] =
        initial_parameter(networks[found.network], found.node, found.parameter, generator);
  }
  return std::shared_ptr<SharedWeights>(new SharedWeights(std::move(tensors)));
}

std::shared_ptr<SharedWeights> SharedWeights::load(const std::filesystem::path& path) {
  return std::shared_ptr<SharedWeights>(new SharedWeights(load_tensors(path)));
}

NetworkModule SharedWeights::network(const Architecture& architecture, uint64_t seed) const {
  const Network network = lower(architecture);
  const SharedNames names(architecture);
  const auto refuse = [&](const std::string& why) {
    throw Error(ErrorKind::kData, "supernet: " + why + "; architecture " + architecture.name +
                                      " is not of the space that these shared weights were made "
                                      "for");
  };
  NetworkModule module(network, seed, [&](int index, const ParameterShape& parameter) {
    const std::string name = names.of(network.node(index), parameter.name);
    const auto found = tensors_.find(name);
    if (found == tensors_.end()) refuse("there is no weight '" + name + "'");
    const auto sizes = found->second.sizes();
    const auto& shape = parameter.shape;
    bool fits = sizes.size() == shape.size();
    for (size_t i = 0; fits && i < shape.size(); ++i) fits = sizes[i] >= shape[i];
    // A smaller classifier would be one of other classes.
    if (fits && name.starts_with("classifier/")) fits = sizes[0] == shape[0];
    if (!fits)
      refuse("the weight '" + name + "' is " + sides(sizes.vec()) + ", needed are " + sides(shape));
    return slice_of(found->second, network, index, shape);
  });
  if (!tensors_.empty()) {
    const at::Device device = tensors_.begin()->second.device();
    for (auto& buffer : module->buffers()) buffer.set_data(buffer.to(device));
  }
  return module;
}

}  // namespace ridgeline
