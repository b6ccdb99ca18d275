#include "network/cost.h"
#include "network/published/known_networks.h"
#include "tests/catch.h"

using namespace ridgeline;

TEST_CASE("EfficientNet-B0 to B7 have the published parameters and multiply-adds") {
  struct Row {
    const char* name;
    int64_t params, madds;
  };
  const Row row = GENERATE(
      Row{"efficientnet_b0", 5288548, 385814752}, Row{"efficientnet_b1", 7794184, 686802832},
      Row{"efficientnet_b2", 9109994, 993561872}, Row{"efficientnet_b3", 12233232, 1827141392},
      Row{"efficientnet_b4", 19341616, 4393771024}, Row{"efficientnet_b5", 30389784, 10266384752},
      Row{"efficientnet_b6", 43040704, 19067593536}, Row{"efficientnet_b7", 66347960, 37745884192});
  INFO(row.name);
  const OperatorCost total = cost(load_network(row.name)).total;
  CHECK(total.params == row.params);
  CHECK(total.madds == row.madds);
}
