#include "reward/pareto.h"

#include <limits>

#include "core/random.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;

namespace {

std::vector<size_t> front_of(const std::vector<ParetoPoint>& points) {
  return pareto_front(points);
}

bool dominates(const ParetoPoint& a, const ParetoPoint& b) {
  return a.accuracy >= b.accuracy && a.latency_ms <= b.latency_ms &&
         (a.accuracy > b.accuracy || a.latency_ms < b.latency_ms);
}

using Indices = std::vector<size_t>;

}  // namespace

TEST_CASE("no points have an empty front and one point is its own front") {
  CHECK(front_of({}).empty());
  CHECK(front_of({{0.5, 3}}) == Indices{0});
}

TEST_CASE("the front leaves out what is slower and worse, and is sorted by latency") {
  CHECK(front_of({{0.9, 9}, {0.5, 2}, {0.6, 7}, {0.7, 4}, {0.4, 3}}) == Indices{1, 3, 0});
}

TEST_CASE("of equally fast points only the most accurate is on the front") {
  CHECK(front_of({{0.5, 2}, {0.7, 2}, {0.6, 2}}) == Indices{1});
}

TEST_CASE("of equally accurate points only the fastest is on the front") {
  CHECK(front_of({{0.7, 5}, {0.7, 3}, {0.7, 4}}) == Indices{1});
}

TEST_CASE("equal points are represented by the first of them") {
  CHECK(front_of({{0.3, 1}, {0.7, 3}, {0.7, 3}, {0.3, 1}}) == Indices{0, 1});
}

TEST_CASE("the front equals the definition on random points with many ties") {
  RandomStream stream(3);
  std::vector<ParetoPoint> points;
  for (int i = 0; i < 200; ++i) {
    points.push_back({stream.below(15) / 15.0, 1.0 + stream.below(15)});
  }
  Indices expected;
  for (size_t i = 0; i < points.size(); ++i) {
    bool on_front = true;
    for (size_t j = 0; j < points.size(); ++j) {
      const bool earlier_twin = j < i && points[j].accuracy == points[i].accuracy &&
                                points[j].latency_ms == points[i].latency_ms;
      if (dominates(points[j], points[i]) || earlier_twin) on_front = false;
    }
    if (on_front) expected.push_back(i);
  }
  const auto front = front_of(points);
  CHECK(front.size() > 1);
  for (size_t i = 1; i < front.size(); ++i) {
    CHECK(points[front[i - 1]].latency_ms < points[front[i]].latency_ms);
  }
  CHECK_THAT(front, Catch::UnorderedEquals(expected));
}

TEST_CASE("a point that is not finite is refused by its index") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  CHECK(test::error_of([&] {
          front_of({{0.5, 1}, {nan, 2}});
        }) == "Pareto front: point 1 is not finite (accuracy nan, latency 2.000000 ms)");
  CHECK(test::error_of([&] {
          front_of({{0.5, infinity}});
        }) == "Pareto front: point 0 is not finite (accuracy 0.500000, latency inf ms)");
}
