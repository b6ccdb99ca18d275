#include "controller/policy/sorted_runs.h"

#include <algorithm>

#include "core/random.h"
#include "tests/catch.h"

using namespace ridgeline;

namespace {

/// By going through all of them.
double below(const std::vector<double>& values, double value) {
  double count = 0;
  for (const double other : values) count += other < value ? 1 : other == value ? 0.5 : 0;
  return count;
}

}  // namespace

TEST_CASE("sorted runs count what is below a value as going through all does") {
  RandomStream stream(1, 0, "runs");
  SortedRuns runs;
  std::vector<double> all;
  CHECK(runs.below(0) == 0);
  for (const int count : {1, 16, 0, 16, 3, 40, 16, 1, 1, 16}) {
    std::vector<double> values;
    for (int i = 0; i < count; ++i) values.push_back(stream.below(20));  // many equals
    runs.add(values);
    all.insert(all.end(), values.begin(), values.end());
    REQUIRE(runs.size() == all.size());
    for (int value = -1; value <= 20; ++value) {
      REQUIRE(runs.below(value) == below(all, value));
      REQUIRE(runs.below(value + 0.5) == below(all, value + 0.5));
    }
    std::vector<double> sorted = all;
    std::sort(sorted.begin(), sorted.end());
    REQUIRE(runs.sorted() == sorted);
  }
}
