#include <cmath>

#include "core/config_path.h"
#include "network/cost.h"
#include "surrogate/encoding.h"
#include "tests/catch.h"
#include "tests/surrogate/planted.h"

using namespace ridgeline;

TEST_CASE("quantities of networks are those of the lowered network, whatever was read before") {
  for (const std::string name : {"tiny", "efficientnet_x", "accel_nasbench_networks"}) {
    const SearchSpace space = SearchSpace::load(find_config("spaces", name));
    RandomStream stream(3, 0, name);
    NetworkFeatureReader one;  // remembers parts of the networks before
    for (int i = 0; i < 300; ++i) {
      Architecture architecture = space.decode(random_genotype(space.decisions(), stream));
      if (i % 10 == 9) architecture.classes = 7;
      const NetworkFeatures features = one.read(architecture);
      NetworkFeatureReader fresh;
      REQUIRE(features == fresh.read(architecture));
      const OperatorCost total = cost(lower(architecture)).total;
      REQUIRE(features[0] == std::log1p(static_cast<double>(total.params)));
      REQUIRE(features[1] == std::log1p(static_cast<double>(total.madds)));
    }
  }
}

TEST_CASE("a point becomes its choices, the order of ascending numbers, and its network") {
  const SearchSpace space =
      SearchSpace::from_yaml(YamlView::parse(test::kPlantedSpace, "planted.yaml"));
  const Encoding encoding(space);
  Eigen::VectorXd row(encoding.size());
  Genotype genotype(space.decisions().size(), 0);
  size_t layers = 0;
  for (size_t d = 0; d < genotype.size(); ++d) {
    if (space.decisions()[d].name == "stage2.layers") layers = d;
    if (!is_active(space.decisions()[d],
                   Genotype(genotype.begin(), genotype.begin() + static_cast<long>(d))))
      genotype[d] = kInactive;
  }
  REQUIRE(space.decisions()[layers].name == "stage2.layers");
  encoding.encode(genotype, space.decode(genotype), row);
  const auto of = [&](const std::string& name) {
    for (size_t f = 0; f < encoding.features().size(); ++f) {
      if (encoding.features()[f].name == name) return row[static_cast<Eigen::Index>(f)];
    }
    FAIL("no feature " + name);
    return 0.0;
  };
  CHECK(of("stage1.kernel 3") == 1);
  CHECK(of("stage1.kernel 5") == 0);
  CHECK(of("stage1.kernel") == 0);
  CHECK(of("stage2.layers 0") == 1);
  CHECK(of("stage2.kernel 3") == 0);   // no stage, no kernel
  CHECK(of("stage2.filters") == 0.5);  // and no place in the order
  CHECK(of("log madds") > 0);
}
