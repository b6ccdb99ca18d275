#include <set>

#include "core/config_path.h"
#include "latency/measurement/units.h"
#include "search_space/search_space.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

std::vector<std::string> signatures(const Network& network) {
  std::vector<std::string> texts;
  for (const Unit& unit : units_of(network)) texts.push_back(unit.signature);
  return texts;
}

Network residual_block() {
  NetworkBuilder builder("block", {3, 8, 8});
  const int entry = builder.conv_bn_act("stem", builder.input(),
                                        {.out_channels = 4, .kernel_h = 3, .kernel_w = 3},
                                        BatchNorm{}, ActivationKind::kRelu);
  int x = builder.conv_bn_act("depthwise", entry,
                              {.out_channels = 4, .kernel_h = 3, .kernel_w = 3, .groups = 4},
                              BatchNorm{}, ActivationKind::kSwish);
  x = builder.squeeze_excite("se", x, 1, ActivationKind::kSwish);
  x = builder.conv_bn("project", x, {.out_channels = 4}, BatchNorm{});
  x = builder.add("drop", DropConnect{0.2}, {x});
  x = builder.add("add", Add{}, {x, entry});
  x = builder.add("pool", GlobalAveragePool{}, {x});
  builder.add("fc", Linear{.out_features = 10}, {x});
  return std::move(builder).build();
}

}  // namespace

TEST_CASE(
    "units are convolutions with what follows them, squeeze-and-excites, and single operators") {
  CHECK(signatures(residual_block()) ==
        std::vector<std::string>{
            "3x8x8 images: conv 3x3 same to 4, batch norm, relu",
            "4x8x8: depthwise 3x3 same to 4 groups 4, batch norm, swish",
            "4x8x8: global average pool, conv 1x1 same to 1 bias, swish, conv 1x1 same to 4 bias, "
            "sigmoid, multiply",
            "4x8x8: conv 1x1 same to 4, batch norm", "4x8x8 & 4x8x8: add",
            "4x8x8: global average pool", "4x1x1: linear to 10 bias"});
}

TEST_CASE("a value with two readers ends its unit") {
  NetworkBuilder builder("fork", {4, 8, 8});
  const int conv = builder.add("conv", Conv2d{.out_channels = 4}, {builder.input()});
  const int act = builder.add("act", Activation{ActivationKind::kRelu}, {conv});
  builder.add("add", Add{}, {act, conv});
  CHECK(signatures(std::move(builder).build()) ==
        std::vector<std::string>{"4x8x8 images: conv 1x1 same to 4", "4x8x8: relu",
                                 "4x8x8 & 4x8x8: add"});
}

TEST_CASE("every node that works is in exactly one unit, in all of a space's corners") {
  const SearchSpace space =
      SearchSpace::load(source_folder() / "configs" / "spaces" / "efficientnet_x.yaml");
  RandomStream stream(3, 0, "units");
  for (int i = 0; i < 20; ++i) {
    const Network network = lower(space.decode(random_genotype(space.decisions(), stream)));
    std::multiset<int> seen;
    for (const Unit& unit : units_of(network)) seen.insert(unit.nodes.begin(), unit.nodes.end());
    for (int node = 1; node < network.size(); ++node) {
      const Operator& op = network.node(node).op;
      const bool free =
          std::holds_alternative<Dropout>(op) || std::holds_alternative<DropConnect>(op);
      CHECK(seen.count(node) == (free ? 0 : 1));
    }
  }
}

TEST_CASE("a host holds the unit's own operators on inputs of the same shape") {
  const SearchSpace space =
      SearchSpace::load(source_folder() / "configs" / "spaces" / "efficientnet_x.yaml");
  RandomStream stream(4, 0, "host networks");
  for (int i = 0; i < 20; ++i) {
    const Network network = lower(space.decode(random_genotype(space.decisions(), stream)));
    for (const Unit& unit : units_of(network)) {
      const HostNetwork host = host_network_of(network, unit);
      REQUIRE(host.timed.size() == unit.nodes.size());
      CHECK(host.timed.back() == host.network.size() - 1);
      for (size_t k = 0; k < unit.nodes.size(); ++k) {
        const Node& here = host.network.node(host.timed[k]);
        const Node& there = network.node(unit.nodes[k]);
        CHECK(describe(here.op) == describe(there.op));
        CHECK(here.shape.elements() * host.images == there.shape.elements());
      }
    }
  }
}
