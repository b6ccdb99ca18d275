#include "scaling/elasticities.h"

#include <cmath>

#include "core/error.h"
#include "latency/hardware.h"
#include "latency/roofline.h"
#include "network/cost.h"
#include "tests/catch.h"
#include "tests/scaling/planted.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

Architecture x_b0(const std::string& name) {
  return load_architecture(source_folder() / "configs" / "architectures" / (name + ".yaml"));
}

double madds(const Architecture& a) { return static_cast<double>(cost(lower(a)).total.madds); }

}  // namespace

TEST_CASE("elasticities of a power law are its exponents") {
  const Plant plant{.depth_cost = 1, .width_cost = 1.3, .resolution_cost = 2.4};
  const Elasticities e = elasticities(
      base_network(), [&](const Architecture& a) { return plant.latency_ms(built(a)); });
  CHECK(e.depth == Approx(1));  // one more layer is an exact slope of a straight line only
  CHECK(e.width == Approx(1.3));
  CHECK(e.resolution == Approx(2.4));
}

TEST_CASE("the side that does not fit the device is left out of a slope") {
  const Elasticities e = elasticities(base_network(), [](const Architecture& a) {
    if (a.resolution > 200) throw Error(ErrorKind::kInfeasible, "out of memory");
    return 3.0 * a.resolution * a.resolution * a.stages[0].layers;
  });
  CHECK(e.resolution == Approx(2));
  CHECK(e.depth == Approx(1));
}

TEST_CASE("on accelerators resolution is dear and width is cheap, against multiply-adds' 1, 2, 2") {
  for (const auto& [hardware, network] :
       {std::pair("v100", "efficientnet_x_b0_gpu"), std::pair("tpu_v3", "efficientnet_x_b0_tpu")}) {
    INFO(hardware);
    const Elasticities counted = elasticities(x_b0(network), madds);
    CHECK(counted.depth == Approx(1).margin(0.05));
    CHECK(counted.width == Approx(2).margin(0.1));
    CHECK(counted.resolution == Approx(2).margin(0.1));
    const RooflineOracle oracle(load_hardware(hardware), 128);
    const Elasticities priced = elasticities(
        x_b0(network), [&](const Architecture& a) { return oracle.estimate_architecture(a).ms; });
    CHECK(priced.depth > 0.8);
    CHECK(priced.depth < 1);
    CHECK(priced.width < 0.65 * counted.width);
    CHECK(priced.resolution > 0.9 * counted.resolution);
    CHECK(priced.resolution > 1.5 * priced.width);
  }
}

TEST_CASE("an unrounded price agrees with whole networks and lies between them") {
  const Plant plant;
  const Architecture base = base_network();
  const auto price = [&](const Architecture& a) { return plant.latency_ms(built(a)); };
  CHECK(unrounded_price(base, {1, 1, 1}, price) == Approx(10));
  CHECK(unrounded_price(base, {1.2, 1.1, 1.15}, price) ==
        Approx(plant.latency_ms({1.2, 1.1, 1.15})));  // 24 layers, 176 filters, 230 pixels
  const double between = unrounded_price(base, {1.22, 1.1, 1.152}, price);
  CHECK(between == Approx(plant.latency_ms({1.22, 1.1, 1.152})).epsilon(1e-3));
  CHECK(between > plant.latency_ms({1.2, 1.1, 1.15}));
}
