#include "latency/calibration/metrics.h"

#include <cmath>

#include "tests/catch.h"

using namespace ridgeline;

TEST_CASE("errors are relative to what was measured, by hand") {
  const Agreement agrees = agreement({1.1, 1.8, 4.0}, {1.0, 2.0, 4.0});
  CHECK(agrees.mape == Approx((0.1 + 0.1 + 0.0) / 3));
  CHECK(agrees.worst == Approx(0.1));
  CHECK(agrees.spearman == Approx(1));
  CHECK(agrees.kendall == Approx(1));
}

TEST_CASE("rank correlations by hand") {
  // One swap of neighbours in five: Spearman 1 - 6*2/(5*24) = 0.9, Kendall (9 - 1)/10 = 0.8.
  CHECK(spearman({1, 2, 3, 4, 5}, {1, 3, 2, 4, 5}) == Approx(0.9));
  CHECK(kendall({1, 2, 3, 4, 5}, {1, 3, 2, 4, 5}) == Approx(0.8));
  CHECK(spearman({1, 2, 3}, {3, 2, 1}) == Approx(-1));
  CHECK(kendall({1, 2, 3}, {3, 2, 1}) == Approx(-1));
}

TEST_CASE("ties share their mean rank, and a constant says nothing") {
  // Ranks 0.5, 0.5, 2 against 0, 1, 2: covariance 1.5, variances 1.5 and 2.
  CHECK(spearman({1, 1, 2}, {1, 2, 3}) == Approx(1.5 / std::sqrt(1.5 * 2)));
  // Two of three pairs are untied and agree: tau-b = 2 / sqrt(2 * 3).
  CHECK(kendall({1, 1, 2}, {1, 2, 3}) == Approx(2 / std::sqrt(6.0)));
  CHECK(spearman({1, 1, 1}, {1, 2, 3}) == 0);
  CHECK(kendall({1, 1, 1}, {1, 2, 3}) == 0);
}

TEST_CASE("a prediction that is no number ranks last and ends") {
  const double nan = std::nan("");
  CHECK(spearman({1, 2, nan}, {1, 2, 3}) == Approx(1));
  CHECK(spearman({nan, 1, 2}, {1, 2, 3}) == Approx(-0.5));
}
