#include "tests/catch.h"
#include "tests/support.h"

// Skipped, passed and failed cases for skip_test.cmake.

using namespace ridgeline::test;

TEST_CASE("passes", "[pass]") { CHECK(true); }

TEST_CASE("is skipped", "[skip]") {
  const int turn = GENERATE(1, 2);
  if (turn > 0) skip("no such machine; none");
  CHECK(false);
}

TEST_CASE("lacks a package", "[install]") { skip_not_installed("no such package"); }

TEST_CASE("lacks a Python module", "[python]") {
  python_with("no_such_module");
  CHECK(false);
}

TEST_CASE("fails before it is skipped", "[fail]") {
  CHECK(false);
  skip("too late");
}
