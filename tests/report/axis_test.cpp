#include "report/axis.h"

#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;
using Catch::Matchers::Contains;

namespace {

std::vector<std::string> labels_of(const AxisScale& scale) {
  std::vector<std::string> labels;
  for (const Tick& tick : scale.ticks()) {
    if (!tick.label.empty()) labels.push_back(tick.label);
  }
  return labels;
}

Axis linear(double min, double max) { return {.label = "x", .min = min, .max = max}; }
Axis logarithmic(double min, double max) {
  return {.label = "x", .kind = AxisKind::kLog, .min = min, .max = max};
}

}  // namespace

TEST_CASE("a linear axis maps its limits to its pixels and the middle between them") {
  const AxisScale scale(linear(10, 20), {}, 100, 500);
  CHECK(scale.pixel(10) == Approx(100));
  CHECK(scale.pixel(20) == Approx(500));
  CHECK(scale.pixel(12.5) == Approx(200));
  const AxisScale upwards(linear(0, 1), {}, 300, 100);
  CHECK(upwards.pixel(0.25) == Approx(250));
}

TEST_CASE("a log axis maps equal factors to equal distances") {
  const AxisScale scale(logarithmic(1, 10000), {}, 0, 400);
  CHECK(scale.pixel(1) == Approx(0).margin(1e-9));
  CHECK(scale.pixel(10) == Approx(100));
  CHECK(scale.pixel(1000) == Approx(300));
}

TEST_CASE("linear ticks are steps of 1, 2 or 5 with just the digits they need") {
  CHECK(labels_of(AxisScale(linear(0, 10), {}, 0, 300)) ==
        std::vector<std::string>{"0", "2", "4", "6", "8", "10"});
  CHECK(labels_of(AxisScale(linear(0.31, 0.52), {}, 0, 300)) ==
        std::vector<std::string>{"0.35", "0.40", "0.45", "0.50"});
  CHECK(labels_of(AxisScale(linear(-1, 1), {}, 0, 240)) ==
        std::vector<std::string>{"-1.0", "-0.5", "0.0", "0.5", "1.0"});
  CHECK(labels_of(AxisScale(linear(0, 2e9), {}, 0, 240)) ==
        std::vector<std::string>{"0", "5e8", "1e9", "1.5e9", "2e9"});
}

TEST_CASE("log ticks are decades, with 2 and 5 where few decades are shown") {
  CHECK(labels_of(AxisScale(logarithmic(1, 100), {}, 0, 400)) ==
        std::vector<std::string>{"1", "2", "5", "10", "20", "50", "100"});
  CHECK(labels_of(AxisScale(logarithmic(0.01, 1000), {}, 0, 400)) ==
        std::vector<std::string>{"0.01", "0.1", "1", "10", "100", "1000"});
  CHECK(labels_of(AxisScale(logarithmic(1, 1e12), {}, 0, 300)) ==
        std::vector<std::string>{"1", "1000", "1e6", "1e9", "1e12"});
  SECTION("less than a decade has the ticks of a linear axis") {
    CHECK(labels_of(AxisScale(logarithmic(20, 60), {}, 0, 300)) ==
          std::vector<std::string>{"20", "30", "40", "50", "60"});
  }
  SECTION("the digits between decades are minor ticks") {
    const AxisScale scale(logarithmic(1, 10), {}, 0, 60);
    CHECK(scale.ticks().size() == 10);
    CHECK(labels_of(scale) == std::vector<std::string>{"1", "10"});
  }
}

TEST_CASE("without limits an axis shows all of its data with a margin") {
  const AxisScale scale({.label = "x"}, {100, 300, 200}, 0, 100);
  CHECK(scale.min() == Approx(90));
  CHECK(scale.max() == Approx(310));
  const AxisScale from_zero({.label = "x"}, {0, 20}, 0, 100);
  CHECK(from_zero.min() == 0);
  const AxisScale one_value({.label = "x"}, {8}, 0, 100);
  CHECK(one_value.min() < 8);
  CHECK(one_value.max() > 8);
  const AxisScale one_on_log({.label = "x", .kind = AxisKind::kLog}, {8}, 0, 100);
  CHECK(one_on_log.min() == Approx(4));
  CHECK(one_on_log.max() == Approx(16));
}

TEST_CASE("named values stand at 0, 1, 2, ... with half a step at both ends") {
  const AxisScale scale({.label = "x", .categories = {"B0", "B1", "B2"}}, {0, 2}, 0, 300);
  CHECK(labels_of(scale) == std::vector<std::string>{"B0", "B1", "B2"});
  CHECK(scale.pixel(0) == Approx(50));
  CHECK(scale.pixel(2) == Approx(250));
}

TEST_CASE("an axis refuses what it cannot show, and says which axis") {
  const Axis log{.label = "latency (ms)", .kind = AxisKind::kLog};
  const auto message = [](const Axis& axis, const std::vector<double>& data) {
    return error_of([&] { AxisScale(axis, data, 0, 100); });
  };
  CHECK_THAT(message(log, {1, 0}), Contains("'latency (ms)'") && Contains("must be positive"));
  CHECK_THAT(message(log, {1, -3}), Contains("-3.000 has no place on a log axis"));
  CHECK_THAT(message(logarithmic(0, 1), {}), Contains("must be positive"));
  CHECK_THAT(message(linear(2, 1), {}), Contains("min 2.000 must be below max 1.000"));
  CHECK_THAT(message({.label = "x"}, {std::nan("")}), Contains("not a finite number"));
  CHECK_THAT(message({.label = "x"}, {}), Contains("nothing to show"));
}
