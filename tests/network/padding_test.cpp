#include "network/network.h"
#include "tests/catch.h"

using namespace ridgeline;
using Mode = Padding::Mode;

namespace {

void check(const ResolvedPadding& got, int64_t before, int64_t after, int64_t out) {
  CHECK(got.before == before);
  CHECK(got.after == after);
  CHECK(got.out == out);
}

}  // namespace

TEST_CASE("SAME gives ceil(in / stride) and puts the odd cell of padding after") {
  check(resolve_padding(Mode::kSame, 0, 224, 3, 1), 1, 1, 224);
  check(resolve_padding(Mode::kSame, 0, 224, 3, 2), 0, 1, 112);
  check(resolve_padding(Mode::kSame, 0, 225, 3, 2), 1, 1, 113);
  check(resolve_padding(Mode::kSame, 0, 224, 5, 2), 1, 2, 112);
  check(resolve_padding(Mode::kSame, 0, 7, 5, 2), 2, 2, 4);
  check(resolve_padding(Mode::kSame, 0, 8, 2, 1), 0, 1, 8);
  check(resolve_padding(Mode::kSame, 0, 8, 2, 2), 0, 0, 4);
  check(resolve_padding(Mode::kSame, 0, 7, 2, 2), 0, 1, 4);
  check(resolve_padding(Mode::kSame, 0, 1, 5, 1), 2, 2, 1);
  check(resolve_padding(Mode::kSame, 0, 10, 3, 3), 1, 1, 4);
}

TEST_CASE("SAME with a stride larger than the kernel pads nothing that is not needed") {
  check(resolve_padding(Mode::kSame, 0, 7, 1, 2), 0, 0, 4);
  check(resolve_padding(Mode::kSame, 0, 8, 1, 2), 0, 0, 4);
  check(resolve_padding(Mode::kSame, 0, 9, 2, 4), 0, 1, 3);
}

TEST_CASE("VALID only takes windows that fit") {
  check(resolve_padding(Mode::kValid, 0, 10, 3, 1), 0, 0, 8);
  check(resolve_padding(Mode::kValid, 0, 10, 3, 2), 0, 0, 4);
  check(resolve_padding(Mode::kValid, 0, 11, 3, 2), 0, 0, 5);
  check(resolve_padding(Mode::kValid, 0, 3, 3, 2), 0, 0, 1);
  CHECK(resolve_padding(Mode::kValid, 0, 2, 3, 1).out == 0);
}

TEST_CASE("explicit padding adds the same cells before and after") {
  check(resolve_padding(Mode::kExplicit, 3, 224, 7, 2), 3, 3, 112);
  check(resolve_padding(Mode::kExplicit, 1, 5, 3, 1), 1, 1, 5);
  check(resolve_padding(Mode::kExplicit, 2, 5, 3, 1), 2, 2, 7);
  check(resolve_padding(Mode::kExplicit, 0, 8, 3, 2), 0, 0, 3);
}

TEST_CASE("ceil mode takes a last partial window unless it would start in the padding behind") {
  check(resolve_padding(Mode::kValid, 0, 6, 3, 2, true), 0, 0, 3);
  check(resolve_padding(Mode::kValid, 0, 6, 3, 2, false), 0, 0, 2);
  check(resolve_padding(Mode::kValid, 0, 7, 3, 2, true), 0, 0, 3);
  check(resolve_padding(Mode::kExplicit, 1, 112, 3, 2, true), 1, 1, 57);
  // Starts are 0, 2, 4 (cell 3); the window of start 6 would lie in the padding: no fourth output.
  check(resolve_padding(Mode::kExplicit, 1, 5, 2, 2, true), 1, 1, 3);
  check(resolve_padding(Mode::kExplicit, 1, 4, 2, 3, true), 1, 1, 2);
}

TEST_CASE("shifted windows start one cell further on and reach one cell beyond SAME") {
  check(resolve_padding(Mode::kShifted, 0, 8, 1, 2), -1, 1, 4);  // cells 1, 3, 5, 7
  check(resolve_padding(Mode::kShifted, 0, 7, 1, 2), -1, 1, 4);  // cells 1, 3, 5 and a zero
  check(resolve_padding(Mode::kShifted, 0, 8, 3, 2), -1, 2, 4);
  check(resolve_padding(Mode::kShifted, 0, 7, 3, 2), 0, 2, 4);
}
