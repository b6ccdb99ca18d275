#include "accuracy/training/loss_sum.h"

#include <cmath>
#include <limits>

#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

TEST_CASE("Losses are summed in double and in order, however seldom they are looked at") {
  std::vector<float> losses;
  RandomStream stream(5, 0, "losses");
  for (int i = 0; i < 100; ++i) losses.push_back(static_cast<float>(stream.uniform()));
  double expected = 0;
  for (const float loss : losses) expected += static_cast<double>(loss);
  for (const int every : {1, 7, 1000}) {
    LossSum sum(every);
    double total = 0;
    for (size_t i = 0; i < losses.size(); ++i) {
      sum.add(static_cast<int64_t>(i), at::scalar_tensor(losses[i]));
      if (sum.due()) CHECK_FALSE(sum.look(total));
    }
    CHECK_FALSE(sum.look(total));
    CHECK(total == expected);
  }
}

TEST_CASE("The first loss that is no number is told with its step, and those before it count") {
  LossSum sum(10);
  double total = 0;
  sum.add(4, at::scalar_tensor(2.0F));
  sum.add(5, at::scalar_tensor(std::numeric_limits<float>::infinity()));
  sum.add(6, at::scalar_tensor(std::nanf("")));
  const auto bad = sum.look(total);
  REQUIRE(bad);
  CHECK(bad->step == 5);
  CHECK(std::isinf(bad->loss));
  CHECK(total == 2.0);
}
