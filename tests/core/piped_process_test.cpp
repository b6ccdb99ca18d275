#include "core/piped_process.h"

#include <string>
#include <vector>

#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

constexpr std::chrono::seconds kLong{60};

}  // namespace

TEST_CASE("a piped process answers, also more than a pipe holds") {
  PipedProcess cat({"cat"}, kLong);
  for (const size_t size : {size_t{1}, size_t{50'000}}) {
    const std::string question(size, 'x');
    REQUIRE(cat.write(question.data(), question.size()));
    std::string answer(size, ' ');
    REQUIRE(cat.read(answer.data(), answer.size()));
    CHECK(answer == question);
  }
  CHECK(cat.end() == 0);
}

TEST_CASE("the end of a piped process is seen, with its exit code and its errors") {
  PipedProcess program({"/bin/sh", "-c", "echo no >&2; exit 3"}, kLong);
  char byte = 0;
  CHECK_FALSE(program.read(&byte, 1));
  CHECK(program.end() == 3);
  CHECK(program.errors() == "no\n");
  PipedProcess killed({"/bin/sh", "-c", "kill -9 $$"}, kLong);
  CHECK_FALSE(killed.read(&byte, 1));
  CHECK(killed.end() == -9);
}

TEST_CASE("a piped process that does not answer is given up") {
  PipedProcess sleeper({"sleep", "1000"}, std::chrono::seconds(1));
  char byte = 0;
  CHECK_FALSE(sleeper.read(&byte, 1));
  CHECK(sleeper.end() == -9);
}

TEST_CASE("a program that is not there cannot be piped") {
  CHECK(contains(error_of([] { PipedProcess({"no-such-program-here"}, kLong); }),
                 "cannot run no-such-program-here"));
}
