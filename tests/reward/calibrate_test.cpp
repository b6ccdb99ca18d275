#include "reward/calibrate.h"

#include <cmath>

#include "reward/reward.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using test::contains;
using test::error_of;

namespace {}  // namespace

TEST_CASE("MnasNet's 5 % per doubling give its -0.07, and the paper's -0.09 is 6.4 %") {
  CHECK(trade_off_from_gain(0.05).w == Approx(-0.0703893).epsilon(1e-6));
  CHECK(trade_off_from_gain(0.0643702).w == Approx(-0.09).epsilon(1e-6));
  CHECK(trade_off_from_gain(1.0).w == Approx(-1));
  CHECK(trade_off_from_gain(0.05).gain == Approx(0.05));
}

TEST_CASE("two points of the calibrated trade-off have the same reward") {
  const ParetoPoint fast{0.752, 80}, slow{0.767, 110};
  const TradeOff trade = trade_off_between(fast, slow);
  const Reward reward({.target_ms = 90, .w = trade.w});
  CHECK(reward(fast.accuracy, fast.latency_ms) == Approx(reward(slow.accuracy, slow.latency_ms)));
  CHECK(trade_off_between(slow, fast).w == trade.w);
  CHECK(trade.fastest_ms == 80);
  CHECK(trade.slowest_ms == 110);
}

TEST_CASE("two points without a trade-off are refused") {
  const std::string cause = "the slower one must be the more accurate";
  CHECK(contains(error_of([] { trade_off_between({0.7, 10}, {0.7, 20}); }), cause));
  CHECK(contains(error_of([] { trade_off_between({0.7, 10}, {0.6, 20}); }), cause));
  CHECK(contains(error_of([] { trade_off_between({0.7, 10}, {0.8, 10}); }), cause));
  CHECK(contains(error_of([] { trade_off_between({0.0, 10}, {0.8, 20}); }), "above 0"));
  CHECK(contains(error_of([] { trade_off_between({0.1, NAN}, {0.8, 20}); }), "above 0"));
  CHECK(contains(error_of([] { trade_off_from_gain(0); }), "the gain must be above 0"));
}

TEST_CASE("a front that lies on a power law is found again, whatever lies below it") {
  std::vector<ParetoPoint> points;
  for (const double ms : {1.0, 2.0, 5.0, 7.0, 16.0})
    points.push_back({0.5 * std::pow(ms, 0.12), ms});
  points.push_back({0.4, 6});
  points.push_back({0.0, 0.1});
  const TradeOff trade = trade_off_of_front(points);
  CHECK(trade.w == Approx(-0.12));
  CHECK(trade.gain == Approx(std::exp2(0.12) - 1));
  CHECK(trade.points == 5);
  CHECK(trade.r_squared == Approx(1));
  CHECK(trade.standard_error == Approx(0).margin(1e-7));
  CHECK(trade.fastest_ms == 1);
  CHECK(trade.slowest_ms == 16);
}

TEST_CASE("the standard error of a fit is that of least squares") {
  // log accuracy = 0, 0, 1 (up to a shift) at log latency 0, 1, 2: slope 1/2, residual sum 1/6
  const double e = std::exp(1.0);
  const TradeOff trade =
      trade_off_of_front(std::vector<ParetoPoint>{{0.1, 1}, {0.1 + 1e-12, e}, {0.1 * e, e * e}});
  CHECK(trade.w == Approx(-0.5));
  CHECK(trade.standard_error == Approx(std::sqrt(1.0 / 12)));
  CHECK(trade.r_squared == Approx(0.75));
}

TEST_CASE("a front of one network has no trade-off") {
  const std::vector<ParetoPoint> points = {{0.7, 10}, {0.6, 12}, {0.0, 1}};
  CHECK(contains(error_of([&] { trade_off_of_front(points); }),
                 "the Pareto front of 3 networks holds 1: a trade-off needs two"));
  CHECK(contains(error_of([&] { trade_off_of_front({}); }), "of 0 networks holds 0"));
}
