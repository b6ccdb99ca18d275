#include "report/label_layout.h"

#include "tests/catch.h"

using namespace ridgeline;

TEST_CASE("overlap is the area that two boxes share") {
  CHECK(overlap({0, 0, 10, 10}, {5, 8, 20, 20}) == Approx(5 * 2));
  CHECK(overlap({0, 0, 10, 10}, {10, 0, 20, 10}) == 0);
}

TEST_CASE("a lone label stands right of its point") {
  LabelLayout layout({0, 0, 400, 400});
  const Box box = layout.place(100, 100, 60, 11);
  CHECK(box.left > 100);
  CHECK((box.top + box.bottom) / 2 == Approx(100));
}

TEST_CASE("a label at the right edge stands left of its point, inside the area") {
  LabelLayout layout({0, 0, 400, 400});
  const Box box = layout.place(395, 100, 60, 11);
  CHECK(box.right < 395);
}

TEST_CASE("labels of neighbouring points do not cover each other or the points") {
  LabelLayout layout({0, 0, 400, 400});
  std::vector<Box> taken;
  for (int i = 0; i < 9; ++i) {
    const double x = 180 + 12 * (i % 3), y = 180 + 12 * (i / 3);
    taken.push_back({x - 4, y - 4, x + 4, y + 4});
    layout.block(taken.back());
  }
  for (int i = 0; i < 9; ++i) {
    taken.push_back(layout.place(180 + 12 * (i % 3), 180 + 12 * (i / 3), 50, 11));
  }
  for (size_t a = 0; a < taken.size(); ++a) {
    for (size_t b = a + 1; b < taken.size(); ++b) CHECK(overlap(taken[a], taken[b]) == 0);
  }
}
