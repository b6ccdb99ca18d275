#include "core/quantity.h"

#include "tests/catch.h"

using namespace ridgeline;

TEST_CASE("a quantity is converted to the unit that is asked for") {
  CHECK(quantity_from_text("0.3ms", "ms") == 0.3);
  CHECK(*quantity_from_text("1.5 s", "ms") == Approx(1500));
  CHECK(*quantity_from_text("800us", "ms") == Approx(0.8));
  CHECK(*quantity_from_text("2h", "s") == Approx(7200));
  CHECK(*quantity_from_text("90m", "s") == Approx(5400));
  CHECK(*quantity_from_text("0.9 TB/s", "GB/s") == Approx(900));
  CHECK(*quantity_from_text("2 GiB", "MiB") == Approx(2048));
  CHECK(*quantity_from_text("500 GFLOP/s", "TFLOP/s") == Approx(0.5));
  CHECK(quantity_from_text("12 epochs", "epochs") == 12);
}

TEST_CASE("a number alone is in the unit that is asked for") {
  CHECK(quantity_from_text("12", "ms") == 12);
  CHECK(quantity_from_text("-1e-3", "s") == -0.001);
  CHECK(quantity_from_text("+7", "") == 7);
}

TEST_CASE("a text that is no number, or of another kind, is no quantity") {
  for (const char* text : {"", "ms", "12 GB", "5 ms x", "nan", "inf", "1e999", "+-5", "12 "}) {
    INFO(text);
    CHECK_FALSE(quantity_from_text(text, "ms"));
  }
}
