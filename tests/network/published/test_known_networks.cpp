#include <set>

#include "network/published/known_networks.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

TEST_CASE("every known network has its own name and builds at its resolution") {
  std::set<std::string> names;
  for (const KnownNetwork& known : known_networks()) {
    INFO(known.name);
    CHECK(names.insert(known.name).second);
    const Network network = known.build(known.resolution);
    CHECK(network.input_shape() == Shape{3, known.resolution, known.resolution, 1});
    CHECK(network.output_shape() == Shape{1000, 1, 1, 1});
    CHECK(network.name() == known.name);
  }
}

TEST_CASE("a network is loaded by known name, by architecture name or by path") {
  const auto file = source_folder() / "configs/architectures/efficientnet_x_b0_tpu.yaml";
  CHECK(load_network(file.string()).input_shape().height == 224);
  CHECK(load_network(file.string(), 128).input_shape().height == 128);
  CHECK(load_network("efficientnet_b1").input_shape().height == 240);
  CHECK(load_network("efficientnet_b1", 64).input_shape().height == 64);
}

TEST_CASE("an unknown network is answered with the nearest name of both kinds") {
  CHECK_THROWS_WITH(load_network("eficientnet_b3"),
                    Catch::Matchers::Contains("did you mean 'efficientnet_b3'?"));
  CHECK_THROWS_WITH(find_known_network("resnet51"),
                    Catch::Matchers::Contains("did you mean 'resnet50'?"));
  CHECK_THROWS_WITH(load_network("nothing_like_it"),
                    Catch::Matchers::Contains("or efficientnet_b0, efficientnet_b0_s2d"));
}

TEST_CASE("a name that others begin with is answered with those") {
  // One letter from resnet101 as well, which is not meant.
  CHECK_THROWS_WITH(load_network("resnest101"),
                    Catch::Matchers::Contains("did you mean 'resnest101e'?"));
  CHECK_THROWS_WITH(load_network("wide_resnet"),
                    Catch::Matchers::Contains("'wide_resnet50_2', 'wide_resnet101_2'?"));
}
