#include "core/parallel.h"

#include <omp.h>

#include <atomic>
#include <numeric>
#include <stdexcept>

#include "tests/catch.h"

using namespace ridgeline;

TEST_CASE("a parallel loop calls its work once per index, loops within loops too") {
  const int threads = omp_get_max_threads();
  omp_set_num_threads(GENERATE(1, 3));
  std::vector<int> calls(100);
  parallel_for(10, [&](size_t i) { parallel_for(10, [&](size_t j) { ++calls[10 * i + j]; }); });
  CHECK(calls == std::vector<int>(100, 1));
  parallel_for(0, [](size_t) { FAIL("called for nothing"); });
  omp_set_num_threads(threads);
}

TEST_CASE("a parallel loop throws what the lowest index threw, after all have ended") {
  const int threads = omp_get_max_threads();
  omp_set_num_threads(GENERATE(1, 3));
  std::atomic<int> ended = 0;
  const auto loop = [&] {
    parallel_for(20, [&](size_t i) {
      ++ended;
      if (i >= 7) throw std::runtime_error(std::to_string(i));
    });
  };
  CHECK_THROWS_WITH(loop(), "7");
  CHECK(ended == 20);
  omp_set_num_threads(threads);
}
