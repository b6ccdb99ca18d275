#include "network/cost.h"
#include "network/published/known_networks.h"
#include "network/published/regnet.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

TEST_CASE("the RegNet rule gives the published widths and depths") {
  using Stages = std::vector<RegNetStage>;
  // 136 / 16 = 8.5 and 776 / 16 = 48.5 go to the even 8 and 48.
  CHECK(regnet_stages({38.84, 56, 2.4, 14, 16}) ==
        Stages{{64, 1, 16}, {128, 3, 16}, {320, 8, 16}, {768, 2, 16}});
  CHECK(regnet_stages({31.41, 96, 2.24, 22, 64}) ==
        Stages{{128, 2, 64}, {192, 6, 64}, {512, 12, 64}, {1088, 2, 64}});
  CHECK(regnet_stages({76.82, 192, 2.19, 17, 56}) ==
        Stages{{168, 2, 56}, {448, 4, 56}, {896, 10, 56}, {2016, 1, 56}});
}

TEST_CASE("a group is at most as wide as its stage") {
  CHECK(regnet_stages({49.56, 80, 2.88, 23, 120})[0] == RegNetStage{80, 2, 80});
}

TEST_CASE("RegNetY has the parameters and multiply-adds of Table 3's definitions") {
  struct Row {
    const char* name;
    int64_t params, madds;
  };
  const Row row =
      GENERATE(Row{"regnety_008", 6263168, 797176832}, Row{"regnety_040", 20646656, 3973288448},
               Row{"regnety_080", 39180068, 7963057312});
  INFO(row.name);
  const OperatorCost total = cost(load_network(row.name)).total;
  CHECK(total.params == row.params);
  CHECK(total.madds == row.madds);
}

TEST_CASE("any RegNet can be made by its rule") {
  RegNetConfig config;
  config.name = "mine";
  config.resolution = 64;
  config.classes = 10;
  config.stages = regnet_stages({20, 16, 2.0, 6, 8});
  config.se_ratio = 0.25;
  CHECK(regnet(config).output_shape() == Shape{10, 1, 1, 1});
  config.resolution = 4;
  CHECK_THROWS_WITH(regnet(config), Catch::Matchers::Contains("network mine: the resolution 4"));
}

TEST_CASE("a RegNet rule outside its ranges is refused with what would be valid") {
  CHECK(error_of([] {
          regnet_stages({20, 20, 2.0, 6, 8});
        }) == "RegNet rule: width_0 (w_0) must be a positive multiple of 8, not 20");
  CHECK_THROWS_WITH(regnet_stages({-1, 16, 2.0, 6, 8}), Catch::Matchers::Contains("w_a"));
  CHECK_THROWS_WITH(regnet_stages({20, 16, 1.0, 6, 8}), Catch::Matchers::Contains("above 1"));
  CHECK_THROWS_WITH(regnet_stages({20, 16, 2.0, 0, 8}), Catch::Matchers::Contains("depth"));
  CHECK_THROWS_WITH(regnet_stages({20, 16, 2.0, 6, 0}), Catch::Matchers::Contains("group_width"));
  RegNetConfig config;
  config.name = "odd";
  CHECK_THROWS_WITH(regnet(config), Catch::Matchers::Contains("at least one stage"));
  config.stages = {{60, 1, 16}};
  CHECK_THROWS_WITH(regnet(config), Catch::Matchers::Contains("width 60 and group width 16"));
}
