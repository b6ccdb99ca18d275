#include "report/confusion_plot.h"

#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

size_t occurrences(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

ConfusionPlot square(size_t classes) {
  ConfusionPlot plot{"test", {}, {}};
  for (size_t i = 0; i < classes; ++i) {
    plot.classes.push_back("class" + std::to_string(i));
    plot.counts.emplace_back(classes, 0);
    plot.counts[i][i] = 7;
  }
  return plot;
}

}  // namespace

TEST_CASE("a confusion matrix shows counts, names and shares") {
  ConfusionPlot plot{"cats & dogs", {"cat", "dog"}, {{3, 1}, {0, 5}}};
  const std::string svg = to_svg(plot);
  CHECK(contains(svg, "cats &amp; dogs"));
  CHECK(occurrences(svg, ">cat<") == 2);     // row and column
  CHECK(occurrences(svg, "<polygon") == 3);  // an empty cell stays white
  CHECK(occurrences(svg, "#0072b2") == 1);   // all dogs were taken for dogs
  CHECK(occurrences(svg, "#4095c5") == 1);   // 3 of 4: white + 0.75 x (blue - white)
  CHECK(occurrences(svg, "#bfdcec") == 1);   // 1 of 4
  CHECK(contains(svg, ">5<"));
  CHECK(to_svg(plot) == svg);
}

TEST_CASE("large confusion matrices leave counts and then names out") {
  CHECK(contains(to_svg(square(20)), ">7<"));
  CHECK_FALSE(contains(to_svg(square(21)), ">7<"));
  CHECK(contains(to_svg(square(60)), ">class59<"));
  CHECK_FALSE(contains(to_svg(square(61)), ">class59<"));
}

TEST_CASE("a confusion matrix needs as many counts as classes") {
  CHECK(contains(error_of([] { to_svg(ConfusionPlot{"", {}, {}}); }), "confusion matrix"));
  CHECK(contains(error_of([] {
                   to_svg(ConfusionPlot{"", {"a", "b"}, {{1, 2}}});
                 }),
                 "confusion matrix"));
  CHECK(contains(error_of([] {
                   to_svg(ConfusionPlot{"", {"a", "b"}, {{1, 2}, {1}}});
                 }),
                 "confusion matrix"));
}
