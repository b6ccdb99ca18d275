#include "network/cost.h"
#include "network/published/densenet.h"
#include "network/published/known_networks.h"
#include "network/published/vgg.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

TEST_CASE("VGG and DenseNet have the parameters of torchvision") {
  const auto [name, params] = GENERATE(table<const char*, int64_t>({{"vgg11", 132863336},
                                                                    {"vgg13", 133047848},
                                                                    {"vgg16", 138357544},
                                                                    {"vgg19", 143667240},
                                                                    {"vgg11_bn", 132868840},
                                                                    {"vgg13_bn", 133053736},
                                                                    {"vgg16_bn", 138365992},
                                                                    {"vgg19_bn", 143678248},
                                                                    {"densenet121", 7978856},
                                                                    {"densenet161", 28681000},
                                                                    {"densenet169", 14149480},
                                                                    {"densenet201", 20013928}}));
  INFO(name);
  CHECK(cost(load_network(name)).total.params == params);
}

TEST_CASE("VGG keeps its weights on larger images, and refuses smaller ones than it was made for") {
  const Network larger = load_network("vgg11", 288);
  CHECK(larger.output_shape() == Shape{1000, 1, 1, 1});
  CHECK(cost(larger).total.params == 132863336);
  CHECK(error_of([] { load_network("vgg11", 192); }) ==
        "network vgg11: the resolution 192 is too small for its strides; valid: at least 224");
}

TEST_CASE("each DenseNet layer adds its growth, and a transition halves channels and side") {
  const Network network = load_network("densenet121", 64);
  const auto shape = [&](const std::string& name) {
    for (const Node& node : network.nodes()) {
      if (node.name == name) return node.shape;
    }
    return Shape{};
  };
  CHECK(shape("block1.layer5.concat") == Shape{64 + 6 * 32, 16, 16, 1});
  CHECK(shape("transition1.pool") == Shape{128, 8, 8, 1});
  CHECK(shape("head.act") == Shape{1024, 2, 2, 1});
}

TEST_CASE("VGG and DenseNet without stages are refused") {
  VggConfig no_stages;
  no_stages.layers.clear();
  CHECK_THROWS_WITH(vgg(no_stages), Catch::Matchers::Contains("at least one stage"));
  DenseNetConfig no_blocks;
  no_blocks.layers.clear();
  CHECK_THROWS_WITH(densenet(no_blocks), Catch::Matchers::Contains("at least one block"));
}
