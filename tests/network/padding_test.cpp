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
  check(resolve_padding({Mode::kSame, 0, 3, 1}, 224), 1, 1, 224);
  check(resolve_padding({Mode::kSame, 0, 3, 2}, 224), 0, 1, 112);
  check(resolve_padding({Mode::kSame, 0, 3, 2}, 225), 1, 1, 113);
  check(resolve_padding({Mode::kSame, 0, 5, 2}, 224), 1, 2, 112);
  check(resolve_padding({Mode::kSame, 0, 5, 2}, 7), 2, 2, 4);
  check(resolve_padding({Mode::kSame, 0, 2, 1}, 8), 0, 1, 8);
  check(resolve_padding({Mode::kSame, 0, 2, 2}, 8), 0, 0, 4);
  check(resolve_padding({Mode::kSame, 0, 2, 2}, 7), 0, 1, 4);
  check(resolve_padding({Mode::kSame, 0, 5, 1}, 1), 2, 2, 1);
  check(resolve_padding({Mode::kSame, 0, 3, 3}, 10), 1, 1, 4);
}

TEST_CASE("SAME with a stride larger than the kernel pads nothing that is not needed") {
  check(resolve_padding({Mode::kSame, 0, 1, 2}, 7), 0, 0, 4);
  check(resolve_padding({Mode::kSame, 0, 1, 2}, 8), 0, 0, 4);
  check(resolve_padding({Mode::kSame, 0, 2, 4}, 9), 0, 1, 3);
}

TEST_CASE("VALID only takes windows that fit") {
  check(resolve_padding({Mode::kValid, 0, 3, 1}, 10), 0, 0, 8);
  check(resolve_padding({Mode::kValid, 0, 3, 2}, 10), 0, 0, 4);
  check(resolve_padding({Mode::kValid, 0, 3, 2}, 11), 0, 0, 5);
  check(resolve_padding({Mode::kValid, 0, 3, 2}, 3), 0, 0, 1);
  CHECK(resolve_padding({Mode::kValid, 0, 3, 1}, 2).out == 0);
}

TEST_CASE("explicit padding adds the same cells before and after") {
  check(resolve_padding({Mode::kExplicit, 3, 7, 2}, 224), 3, 3, 112);
  check(resolve_padding({Mode::kExplicit, 1, 3, 1}, 5), 1, 1, 5);
  check(resolve_padding({Mode::kExplicit, 2, 3, 1}, 5), 2, 2, 7);
  check(resolve_padding({Mode::kExplicit, 0, 3, 2}, 8), 0, 0, 3);
}

TEST_CASE("ceil mode takes a last partial window unless it would start in the padding behind") {
  check(resolve_padding({Mode::kValid, 0, 3, 2, true}, 6), 0, 0, 3);
  check(resolve_padding({Mode::kValid, 0, 3, 2, false}, 6), 0, 0, 2);
  check(resolve_padding({Mode::kValid, 0, 3, 2, true}, 7), 0, 0, 3);
  check(resolve_padding({Mode::kExplicit, 1, 3, 2, true}, 112), 1, 1, 57);
  // Starts are 0, 2, 4 (cell 3); the window of start 6 would lie in the padding: no fourth output.
  check(resolve_padding({Mode::kExplicit, 1, 2, 2, true}, 5), 1, 1, 3);
  check(resolve_padding({Mode::kExplicit, 1, 2, 3, true}, 4), 1, 1, 2);
}

TEST_CASE("shifted windows start one cell further on and reach one cell beyond SAME") {
  check(resolve_padding({Mode::kShifted, 0, 1, 2}, 8), -1, 1, 4);  // cells 1, 3, 5, 7
  check(resolve_padding({Mode::kShifted, 0, 1, 2}, 7), -1, 1, 4);  // cells 1, 3, 5 and a zero
  check(resolve_padding({Mode::kShifted, 0, 3, 2}, 8), -1, 2, 4);
  check(resolve_padding({Mode::kShifted, 0, 3, 2}, 7), 0, 2, 4);
}
