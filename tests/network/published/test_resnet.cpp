#include "network/cost.h"
#include "network/published/known_networks.h"
#include "network/published/resnet.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

struct Row {
  const char* name;
  int64_t params, madds;
};

/// The output shape of the node called `name`.
Shape shape_of(const Network& network, const std::string& name) {
  for (const Node& node : network.nodes()) {
    if (node.name == name) return node.shape;
  }
  FAIL("no node is called " << name);
  return {};
}

}  // namespace

TEST_CASE("ResNet-50 and ResNeSt have the parameters and multiply-adds of Table 3's definitions") {
  const Row row = GENERATE(
      Row{"resnet50", 25557032, 4089184256}, Row{"resnest101e", 48275016, 13321472000},
      Row{"resnest200e", 70201544, 35519694848}, Row{"resnest269e", 110929480, 77348702208});
  INFO(row.name);
  const OperatorCost total = cost(load_network(row.name)).total;
  CHECK(total.params == row.params);
  CHECK(total.madds == row.madds);
}

TEST_CASE("ResNets and their relatives have the parameters of torchvision and timm") {
  const auto [name, params] =
      GENERATE(table<const char*, int64_t>({{"resnet18", 11689512},
                                            {"resnet26", 15995176},
                                            {"resnet34", 21797672},
                                            {"resnet101", 44549160},
                                            {"resnet152", 60192808},
                                            {"resnet50d", 25576264},
                                            {"wide_resnet50_2", 68883240},
                                            {"wide_resnet101_2", 126886696},
                                            {"resnext50_32x4d", 25028904},
                                            {"resnext101_32x8d", 88791336},
                                            {"resnext101_64x4d", 83455272},
                                            {"seresnet50", 28088024},
                                            {"seresnext50_32x4d", 27559896},
                                            {"seresnext101_32x4d", 48955416},
                                            {"resnest50d", 27483240}}));
  INFO(name);
  CHECK(cost(load_network(name)).total.params == params);
}

TEST_CASE("the stride of a bottleneck is in its 3x3 convolution") {
  const Network network = load_network("resnet50");
  CHECK(shape_of(network, "stem.pool") == Shape{64, 56, 56, 1});
  CHECK(shape_of(network, "stage2.block0.conv1.act") == Shape{128, 56, 56, 1});
  CHECK(shape_of(network, "stage2.block0.conv2.act") == Shape{128, 28, 28, 1});
  CHECK(shape_of(network, "stage2.block0.shortcut.bn") == Shape{512, 28, 28, 1});
  CHECK(shape_of(network, "stage4.block2.act") == Shape{2048, 7, 7, 1});
}

TEST_CASE("a ResNeSt block of stride 2 pools after its split attention, and so does its shortcut") {
  const Network network = load_network("resnest50d", 100);  // sides 25, then odd to even by ceil
  CHECK(shape_of(network, "stage2.block0.conv2.act") == Shape{256, 25, 25, 1});
  CHECK(shape_of(network, "stage2.block0.conv2.fc1.act") == Shape{64, 1, 1, 1});
  CHECK(shape_of(network, "stage2.block0.conv2.merge") == Shape{128, 25, 25, 1});
  CHECK(shape_of(network, "stage2.block0.pool") == Shape{128, 13, 13, 1});
  CHECK(shape_of(network, "stage2.block0.shortcut.pool") == Shape{256, 13, 13, 1});
}

TEST_CASE("a ResNet of any depth and width can be built, an impossible one is refused") {
  ResNetConfig config;
  config.name = "mine";
  config.layers = {1, 1};
  config.resolution = 32;
  config.classes = 10;
  CHECK(resnet(config).output_shape() == Shape{10, 1, 1, 1});
  config.resolution = 7;
  CHECK(error_of([&] { resnet(config); }) ==
        "network mine: the resolution 7 is too small for its strides; valid: at least 8");
  config.resolution = 32;
  config.layers = {2, 0};
  CHECK_THROWS_WITH(resnet(config), Catch::Matchers::Contains("at least one block"));
  config.layers = {2, 2};
  config.bottleneck = false;
  config.groups = 32;
  CHECK_THROWS_WITH(resnet(config), Catch::Matchers::Contains("bottlenecks"));
}
