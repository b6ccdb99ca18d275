#include "report/roofline_plot.h"

#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;
using Catch::Matchers::Contains;

namespace {

const Roof kDevice{"plain", 1e12, 10e9};  // ridge point 100 FLOP/byte

}  // namespace

TEST_CASE("a roof is the slope of the bandwidth up to the ridge point, then the peak") {
  CHECK(kDevice.ridge_point() == Approx(100));
  CHECK(kDevice.attainable(50) == Approx(0.5e12));
  CHECK(kDevice.attainable(100) == Approx(1e12));
  CHECK(kDevice.attainable(1000) == Approx(1e12));
}

TEST_CASE("the plot holds the roof, its ridge point and the networks of the device") {
  const Plot plot = roofline_plot("t", {kDevice, {"other", 2e12, 10e9}}, {{"net", 0, 20, 0.1e12}});
  REQUIRE(plot.series.size() == 5);  // two roofs, two ridge points, the networks of one device
  const Series& roof = plot.series[0];
  CHECK(roof.x[1] == Approx(100));
  CHECK(roof.y[1] == Approx(1.0));
  CHECK(roof.y[0] == Approx(roof.x[0] * 10e9 / 1e12));
  CHECK(plot.series[2].labels[0] == "ridge point, I = 100");
  const Series& networks = plot.series[3];
  CHECK(networks.name == "on plain");
  CHECK(networks.x == std::vector<double>{20});
  CHECK(networks.y[0] == Approx(0.1));
  CHECK(networks.color == roof.color);
  CHECK_THAT(to_svg(plot), Contains(">net</text>"));
}

TEST_CASE("a roofline refuses devices and points without positive figures") {
  CHECK_THAT(error_of([] { roofline_plot("t", {}, {}); }), Contains("no device"));
  CHECK_THAT(error_of([] {
               roofline_plot("t", {{"slow", 0, 1}}, {});
             }),
             Contains("peak rate of slow"));
  CHECK_THAT(error_of([] {
               roofline_plot("t", {kDevice}, {{"net", 0, 0, 1e9}});
             }),
             Contains("operational intensity of net"));
}
