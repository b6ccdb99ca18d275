#include <ATen/ATen.h>
#include <torch/csrc/jit/serialization/pickle.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <optional>

#include "core/file.h"
#include "network/published/known_networks.h"
#include "network/published/regnet.h"
#include "runtime/network_module.h"
#include "tests/catch.h"
#include "tests/support.h"

// Our networks against torchvision's, an independent implementation: with the same weights, drawn
// at random, both must compute the same outputs. See torchvision_reference.py.

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

using Tensors = std::map<std::string, at::Tensor>;

/// Our network as torchvision has it, under torchvision's name.
struct Port {
  std::string torchvision;
  Network network;
  bool shortcut_first = false;  ///< torchvision calls shortcuts before the rest of their block
};

Port port(const char* name, const char* torchvision, int resolution) {
  return {torchvision, load_network(name, resolution)};
}

/// torchvision pads EfficientNets as PyTorch does, k / 2 on every side; and B0 to B4 have batch
/// norm's default epsilon there, 1e-5.
Network pytorch_style(const Network& network, std::optional<double> epsilon) {
  NetworkBuilder builder(network.name(), network.input_shape());
  for (int i = 1; i < network.size(); ++i) {
    Operator op = network.node(i).op;
    auto* conv = std::get_if<Conv2d>(&op);
    if (conv && conv->padding == Padding::same()) {
      conv->padding = Padding::of(conv->kernel_h / 2, conv->kernel_w / 2);
    }
    auto* norm = std::get_if<BatchNorm>(&op);
    if (norm && epsilon) norm->epsilon = *epsilon;
    builder.add(network.node(i).name, op, network.node(i).inputs);
  }
  return std::move(builder).build();
}

Port efficientnet(const char* name, const char* torchvision, int resolution,
                  std::optional<double> epsilon = {}) {
  return {torchvision, pytorch_style(load_network(name, resolution), epsilon)};
}

Port regnet_port(const char* name, const char* torchvision, int resolution) {
  return {torchvision, load_network(name, resolution), true};
}

/// torchvision rounds a width up where rounding it to the group width would lose over a tenth, so
/// that some of its RegNets are wider than the published ones.
Port widened_regnet_y(const char* torchvision, int resolution, std::vector<RegNetStage> stages) {
  RegNetConfig config;
  config.resolution = resolution;
  config.stages = std::move(stages);
  config.se_ratio = 0.25;
  return {torchvision, regnet(config), true};
}

/// Has torchvision compute the references into `folder`.
void make_references(const std::vector<Port>& ports, const TempFolder& folder) {
  const std::string python = python_with("torchvision");
  const auto script = source_folder() / "tests/runtime/published/torchvision_reference.py";
  const auto log = folder / "log.txt";
  std::string command = python + " '" + script.string() + "' '" + folder.path().string() + "'";
  for (const Port& p : ports) {
    command += " " + p.torchvision + ":" + std::to_string(p.network.input_shape().height);
  }
  const bool done = std::system((command + " > '" + log.string() + "' 2>&1").c_str()) == 0;
  INFO(read_file(log));
  REQUIRE(done);
}

Tensors read_tensors(const std::filesystem::path& path) {
  const std::string bytes = read_file(path);
  Tensors tensors;
  for (const auto& entry : torch::jit::pickle_load({bytes.begin(), bytes.end()}).toGenericDict()) {
    tensors.emplace(entry.key().toStringRef(), entry.value().toTensor());
  }
  return tensors;
}

/// The nodes with weights, in topological order but for shortcuts where the port calls them first.
std::vector<std::string> layer_names(const Network& network, const Tensors& ours,
                                     bool shortcut_first) {
  std::vector<std::string> names;
  for (const Node& node : network.nodes()) {
    if (!ours.contains(node.name + ".weight")) continue;
    const size_t shortcut = node.name.find(".shortcut");
    auto place = names.end();
    if (shortcut_first && shortcut != std::string::npos) {
      const std::string block = node.name.substr(0, shortcut) + ".";
      place = std::find_if(names.begin(), names.end(), [&](const std::string& name) {
        return name.starts_with(block) && name.find(".shortcut") == std::string::npos;
      });
    }
    names.insert(place, node.name);
  }
  return names;
}

/// Copies the reference's layers, which are numbered as they are called, to ours in that order.
/// Every tensor of both must find its counterpart of the same shape.
void load_in_order(NetworkModule& module, const Tensors& reference, bool shortcut_first) {
  Tensors ours;
  for (const auto& item : module->named_parameters()) ours.emplace(item.key(), item.value());
  for (const auto& item : module->named_buffers()) ours.emplace(item.key(), item.value());
  int layer = 0;
  size_t copied = 0;
  for (const std::string& name : layer_names(module->network(), ours, shortcut_first)) {
    for (const std::string leaf : {".weight", ".bias", ".running_mean", ".running_var"}) {
      const auto to = ours.find(name + leaf);
      const auto from = reference.find(std::to_string(layer) + leaf);
      INFO(name << leaf << " and layer " << layer);
      REQUIRE((to == ours.end()) == (from == reference.end()));
      if (to == ours.end()) continue;
      REQUIRE(to->second.sizes() == from->second.sizes());
      to->second.copy_(from->second);
      ++copied;
    }
    ++layer;
  }
  CHECK(copied + 2 == reference.size());  // "images" and "outputs"
}

/// The largest difference of the outputs, with the reference's weights, relative to the largest
/// output.
double difference(const Port& ours, const Tensors& reference) {
  const at::NoGradGuard no_grad;
  NetworkModule module(ours.network, 1);
  load_in_order(module, reference, ours.shortcut_first);
  module->eval();
  const at::Tensor& expected = reference.at("outputs");
  const at::Tensor outputs = module->forward(reference.at("images"));
  REQUIRE(outputs.sizes() == expected.sizes());
  // The images decide about the outputs, not the biases alone.
  REQUIRE((expected[0] - expected[1]).abs().max().item<double>() >
          0.1 * expected.abs().max().item<double>());
  return ((outputs - expected).abs().max() / expected.abs().max()).item<double>();
}

void check_equal(const std::vector<Port>& ports) {
  const TempFolder folder;
  make_references(ports, folder);
  for (const Port& ours : ports) {
    INFO(ours.torchvision);
    const auto path = folder / (ours.torchvision + ".pt");
    CHECK(difference(ours, read_tensors(path)) < 1e-4);
    std::filesystem::remove(path);  // hundreds of megabytes together
  }
}

}  // namespace

TEST_CASE("ResNets compute what torchvision's do", "[process]") {
  check_equal({port("resnet18", "resnet18", 64), port("resnet50", "resnet50", 65),
               port("resnext50_32x4d", "resnext50_32x4d", 64)});
}

TEST_CASE("RegNets compute what torchvision's do, at its widths", "[process]") {
  check_equal({regnet_port("regnety_004", "regnet_y_400mf", 64),
               regnet_port("regnety_032", "regnet_y_3_2gf", 65),
               regnet_port("regnetx_008", "regnet_x_800mf", 64),
               widened_regnet_y("regnet_y_800mf", 64,
                                {{64, 1, 16}, {144, 3, 16}, {320, 8, 16}, {784, 2, 16}}),
               widened_regnet_y("regnet_y_8gf", 64,
                                {{224, 2, 56}, {448, 4, 56}, {896, 10, 56}, {2016, 1, 56}})});
}

TEST_CASE("Inception-v3 and DenseNet compute what torchvision's do", "[process]") {
  check_equal({port("inception_v3", "inception_v3", 107), port("densenet121", "densenet121", 64)});
}

TEST_CASE("mobile networks compute what torchvision's do", "[process]") {
  check_equal({port("mobilenetv2_100", "mobilenet_v2", 96),
               port("mobilenetv3_large_100", "mobilenet_v3_large", 96),
               port("mobilenetv3_small_100", "mobilenet_v3_small", 95),
               port("mnasnet_100", "mnasnet1_0", 96)});
}

TEST_CASE("EfficientNet-B0 to B4 compute what torchvision's do, at its padding and epsilon",
          "[process]") {
  check_equal({efficientnet("efficientnet_b0", "efficientnet_b0", 64, 1e-5),
               efficientnet("efficientnet_b1", "efficientnet_b1", 72, 1e-5),
               efficientnet("efficientnet_b2", "efficientnet_b2", 65, 1e-5),
               efficientnet("efficientnet_b3", "efficientnet_b3", 64, 1e-5),
               efficientnet("efficientnet_b4", "efficientnet_b4", 64, 1e-5)});
}

TEST_CASE("EfficientNet-B5 to B7 and V2-S compute what torchvision's do, at its padding",
          "[process]") {
  check_equal({efficientnet("efficientnet_b5", "efficientnet_b5", 64),
               efficientnet("efficientnet_b6", "efficientnet_b6", 64),
               efficientnet("efficientnet_b7", "efficientnet_b7", 64),
               efficientnet("efficientnetv2_s", "efficientnet_v2_s", 64)});
}

TEST_CASE("the comparison sees padding, epsilon and two layers that were swapped", "[process]") {
  const TempFolder folder;
  const Port right = efficientnet("efficientnet_b0", "efficientnet_b0", 64, 1e-5);
  make_references({right}, folder);
  Tensors reference = read_tensors(folder / "efficientnet_b0.pt");
  CHECK(difference(right, reference) < 1e-4);
  CHECK(difference(port("efficientnet_b0", "efficientnet_b0", 64), reference) > 1e-3);
  CHECK(difference(efficientnet("efficientnet_b0", "efficientnet_b0", 64), reference) > 1e-3);
  // Two batch norms of one width change places.
  std::vector<std::string> means;
  for (const auto& [key, tensor] : reference) {
    if (key.ends_with(".running_mean") && tensor.size(0) == 144) means.push_back(key);
  }
  REQUIRE(means.size() >= 2);
  std::swap(reference.at(means[0]), reference.at(means[1]));
  CHECK(difference(right, reference) > 1e-3);
}
