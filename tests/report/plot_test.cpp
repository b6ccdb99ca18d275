#include "report/plot.h"

#include <cstdlib>

#include "core/file.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;
using Catch::Matchers::Contains;

namespace {

Plot small_plot() {
  return {.title = "accuracy & latency of <trials>",
          .x = {.label = "latency \"ms\"", .kind = AxisKind::kLog},
          .y = {.label = "accuracy (%)"},
          .series = {{.name = "front",
                      .x = {1, 10, 100},
                      .y = {60, 70, 75},
                      .labels = {"a<b", "", "c&d"},
                      .marker = Marker::kCircle},
                     {.name = "all", .x = {2}, .y = {61}, .line = false, .marker = Marker::kCross}},
          .note = "it's a note"};
}

size_t count(const std::string& text, const std::string& part) {
  size_t found = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

}  // namespace

TEST_CASE("a plot is well-formed XML that a strict parser reads", "[process]") {
  const std::string python = python_with("xml.dom.minidom");
  TempFolder folder;
  write_file_atomic(folder / "plot.svg", to_svg(small_plot()));
  const std::string parse =
      python +
      " -c 'import sys, xml.dom.minidom as x; d = x.parse(sys.argv[1]); "
      "t = [n.firstChild.data for n in d.getElementsByTagName(\"text\")]; "
      "sys.exit(0 if {\"a<b\", \"c&d\", \"front\", \"latency \\\"ms\\\"\"} <= set(t) else 1)' ";
  CHECK(std::system((parse + (folder / "plot.svg").string()).c_str()) == 0);
}

TEST_CASE("every point with a marker is drawn, in the legend once more, and nothing else") {
  const std::string svg = to_svg(small_plot());
  CHECK(count(svg, "<circle") == 3 + 1);
  CHECK(count(svg, "<polyline") == 1);
  CHECK(count(svg, ">front</text>") == 1);
  CHECK(count(svg, ">all</text>") == 1);
}

TEST_CASE("points stand where their axes say") {
  Plot plot{.title = "",
            .x = {.label = "x", .min = 0, .max = 10},
            .y = {.label = "y", .min = 0, .max = 1},
            .series = {{.name = "", .x = {0, 5, 10}, .y = {0, 0.5, 1}}}};
  const std::string svg = to_svg(plot);
  const size_t frame = svg.find("<rect", svg.find("<title>") + 30);
  REQUIRE(frame != std::string::npos);
  const size_t at = svg.find("<polyline points=\"") + 18;
  double x[3], y[3];
  REQUIRE(std::sscanf(svg.c_str() + at, "%lf,%lf %lf,%lf %lf,%lf", &x[0], &y[0], &x[1], &y[1],
                      &x[2], &y[2]) == 6);
  CHECK(x[1] == Approx((x[0] + x[2]) / 2).margin(0.011));
  CHECK(y[1] == Approx((y[0] + y[2]) / 2).margin(0.011));
  CHECK(x[0] < x[2]);
  CHECK(y[0] > y[2]);  // pixels grow downwards
  CHECK(x[0] > 0);
  CHECK(x[2] < plot.width);
  CHECK(y[2] > 0);
  CHECK(y[0] < plot.height);
}

TEST_CASE("a staircase keeps a point's height up to the next point") {
  Plot plot{.title = "",
            .x = {.label = "x", .min = 0, .max = 10},
            .y = {.label = "y", .min = 0, .max = 1},
            .series = {{.name = "", .x = {0, 10}, .y = {0, 1}, .steps = true}}};
  const std::string svg = to_svg(plot);
  const size_t at = svg.find("<polyline points=\"") + 18;
  double x[3], y[3];
  REQUIRE(std::sscanf(svg.c_str() + at, "%lf,%lf %lf,%lf %lf,%lf", &x[0], &y[0], &x[1], &y[1],
                      &x[2], &y[2]) == 6);
  CHECK(y[1] == y[0]);
  CHECK(x[1] == x[2]);
  CHECK(y[2] < y[0]);
}

TEST_CASE("equal plots give equal text") { CHECK(to_svg(small_plot()) == to_svg(small_plot())); }

TEST_CASE("a plot refuses what it cannot show, naming the series") {
  const auto message = [](const auto& change) {
    Plot plot = small_plot();
    change(plot);
    return error_of([&] { to_svg(plot); });
  };
  CHECK_THAT(message([](Plot& p) { p.series.clear(); }), Contains("there is no series"));
  CHECK_THAT(message([](Plot& p) { p.series[1].x.clear(); }),
             Contains("series 'all'") && Contains("no points"));
  CHECK_THAT(message([](Plot& p) { p.series[0].y.pop_back(); }),
             Contains("series 'front'") && Contains("3 x values, 2 y values"));
  CHECK_THAT(message([](Plot& p) { p.series[0].labels.pop_back(); }), Contains("2 labels"));
  CHECK_THAT(message([](Plot& p) { p.series[1].marker = Marker::kNone; }),
             Contains("neither line nor marker"));
  CHECK_THAT(message([](Plot& p) { p.series[0].x[0] = 0; }), Contains("must be positive"));
  CHECK_THAT(message([](Plot& p) { p.width = 100; }), Contains("at least 240 x 160"));
  CHECK_THAT(message([](Plot& p) { p.series[0].name = std::string(200, 'n'); }),
             Contains("no room"));
}

TEST_CASE("a band lies around its line, and the axis has room for it") {
  Plot plot{.title = "band",
            .x = {.label = "x"},
            .y = {.label = "y"},
            .series = {{.name = "mean", .x = {0, 1}, .y = {5, 6}, .spread = {5, 0}}}};
  const std::string svg = to_svg(plot);
  CHECK(count(svg, "<polygon") == 1);
  CHECK(svg.find("#0072b238") != std::string::npos);
  CHECK(svg.find(">10<") != std::string::npos);  // the tick at the band's upper edge
  plot.series[0].spread = {1};
  CHECK_THAT(error_of([&] { to_svg(plot); }), Contains("1 spreads for 2 points"));
}
