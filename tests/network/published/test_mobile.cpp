#include "network/cost.h"
#include "network/published/known_networks.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

TEST_CASE("mobile networks have the parameters and multiply-adds of torchvision's models") {
  struct Row {
    const char* name;
    int64_t params, madds;
  };
  // Counted on torchvision 0.14's modules by hooks on their convolutions and linear layers.
  const Row row = GENERATE(
      Row{"mobilenetv2_035", 1677128, 59285808}, Row{"mobilenetv2_050", 1968680, 97131840},
      Row{"mobilenetv2_075", 2636424, 209069792}, Row{"mobilenetv2_100", 3504872, 300774272},
      Row{"mobilenetv2_140", 6108776, 582195824}, Row{"mobilenetv3_large_100", 5483032, 216589760},
      Row{"mobilenetv3_small_100", 2542856, 56510400}, Row{"mnasnet_050", 2218512, 104455968},
      Row{"mnasnet_075", 3170208, 215493104}, Row{"mnasnet_100", 4383312, 314415872},
      Row{"efficientnetv2_s", 21458488, 8365617152}, Row{"efficientnetv2_m", 54139356, 24582460384},
      Row{"efficientnetv2_l", 118515272, 56079699008});
  INFO(row.name);
  const OperatorCost total = cost(load_network(row.name)).total;
  CHECK(total.params == row.params);
  CHECK(total.madds == row.madds);
}

TEST_CASE("variants that torchvision lacks have timm's parameters, to its 10 thousand") {
  struct Row {
    const char* name;
    double params_m;
  };
  const Row row = GENERATE(Row{"mobilenetv2_110d", 4.52}, Row{"mobilenetv2_120d", 5.83},
                           Row{"mobilenetv3_small_050", 1.59}, Row{"mobilenetv3_small_075", 2.04},
                           Row{"mobilenetv3_large_075", 3.99}, Row{"mnasnet_140", 7.12},
                           Row{"semnasnet_050", 2.08}, Row{"semnasnet_075", 2.91},
                           Row{"semnasnet_100", 3.89}, Row{"semnasnet_140", 6.11});
  INFO(row.name);
  const auto params = static_cast<double>(cost(load_network(row.name)).total.params);
  CHECK(params / 1e6 == Approx(row.params_m).margin(0.00501));
}

TEST_CASE("MnasNet-A1 has the paper's 312 million multiply-adds and 3.9 million parameters") {
  const OperatorCost total = cost(load_network("semnasnet_100")).total;
  CHECK(total.params == 3887038);
  CHECK(static_cast<double>(total.madds) == Approx(312e6).epsilon(0.01));
}

TEST_CASE("a mobile network refuses an input smaller than its strides") {
  const char* name = GENERATE("mobilenetv2_100", "mobilenetv3_small_100", "mnasnet_100",
                              "semnasnet_100", "efficientnetv2_s");
  CHECK(load_network(name, 32).output_shape() == Shape{1000, 1, 1, 1});
  CHECK(error_of([&] { load_network(name, 31); }) ==
        "network " + std::string(name) +
            ": the resolution 31 is too small for its strides; valid: at least 32");
}
