#include <cmath>
#include <random>

#include "scaling/response_surface.h"
#include "scaling/star_design.h"
#include "tests/catch.h"
#include "tests/scaling/planted.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

/// The base, each dimension alone at two levels, and compound points.
std::vector<ScalingFactors> star(size_t points) {
  const std::vector<ScalingFactors> all = {
      {1, 1, 1},     {2, 1, 1},       {1, 1.8, 1},      {1, 1, 1.4},   {1.4, 1, 1},
      {1, 1.3, 1},   {1, 1, 1.2},     {1.3, 1.2, 1.1},  {1.4, 1.3, 1}, {1.4, 1, 1.2},
      {1, 1.3, 1.2}, {1.7, 1.5, 1.3}, {1.15, 1.1, 1.05}};
  return {all.begin(), all.begin() + static_cast<std::ptrdiff_t>(points)};
}

std::vector<SurfacePoint> measured(const Plant& plant, size_t points, double noise = 0,
                                   uint32_t seed = 1) {
  std::mt19937 random(seed);
  std::vector<SurfacePoint> result;
  for (const auto& factors : star(points)) {
    // The sum of twelve uniform numbers less six is close to a normal number.
    double normal = -6;
    for (int i = 0; i < 12; ++i) normal += static_cast<double>(random()) / 4294967296.0;
    result.push_back({factors, plant.accuracy(factors) + noise * normal});
  }
  return result;
}

}  // namespace

TEST_CASE("a surface fitted to noiseless points has the planted parameters") {
  for (uint32_t seed = 1; seed <= 10; ++seed) {
    INFO("plant " << seed);
    const Plant plant = random_plant(seed);
    for (const size_t points : {7, 9, 13}) {
      const ResponseSurface surface = ResponseSurface::fit(measured(plant, points));
      const auto [offset, gain, rho, depth, width, resolution] = surface.parameters();
      CHECK(offset.value == Approx(-std::log(0.3)).epsilon(1e-4));
      CHECK(gain.value == Approx(plant.gain).epsilon(1e-2));
      CHECK(rho.value == Approx(plant.rho).epsilon(1e-2));
      CHECK(depth.value == Approx(plant.depth_share).epsilon(1e-2));
      CHECK(width.value == Approx(plant.width_share).epsilon(1e-2));
      CHECK(depth.value + width.value + resolution.value == Approx(1));
      CHECK(surface.residual() < 1e-6);
      const ScalingFactors elsewhere{1.25, 1.15, 1.12};
      CHECK(surface.accuracy(elsewhere) == Approx(plant.accuracy(elsewhere)).epsilon(1e-5));
    }
  }
}

TEST_CASE("confidence intervals hold the truth about as often as they say") {
  const Plant plant{.gain = 0.8};
  const ScalingFactors elsewhere{1.25, 1.15, 1.12};
  int held = 0;
  constexpr int kTimes = 200;
  for (uint32_t seed = 1; seed <= kTimes; ++seed) {
    const ResponseSurface surface = ResponseSurface::fit(measured(plant, 13, 0.001, seed));
    const ConfidenceInterval interval = surface.interval(elsewhere);
    CHECK(interval.low <= interval.value);
    CHECK(interval.value <= interval.high);
    held += interval.low <= plant.accuracy(elsewhere) && plant.accuracy(elsewhere) <= interval.high;
  }
  CHECK(held >= 0.88 * kTimes);
}

TEST_CASE("the residual is the noise of the trainings") {
  double squares = 0;
  for (uint32_t seed = 1; seed <= 100; ++seed) {
    const double residual = ResponseSurface::fit(measured({}, 13, 0.003, seed)).residual();
    squares += residual * residual / 100;
  }
  CHECK(std::sqrt(squares) == Approx(0.003).epsilon(0.15));
}

TEST_CASE("what the points do not hold has no bounded interval") {
  // Depth alone changes nothing: its share is 0 or its return is that of the worst dimension.
  std::vector<SurfacePoint> points;
  for (const auto& f : star(13))
    points.push_back({f, 1 - 0.3 * std::pow(f.width * f.resolution, -0.4)});
  const auto parameters = ResponseSurface::fit(points).parameters();
  CHECK(parameters[3].value < 0.01);
  for (const auto& parameter : parameters) {
    CHECK(parameter.low <= parameter.value);
    CHECK(parameter.value <= parameter.high);
  }
  CHECK_FALSE(std::isfinite(parameters[2].high));  // a product is the limit of rho 0
}

TEST_CASE("too few points, and points that do not move a dimension alone, are refused") {
  auto points = measured({}, 7);
  points.pop_back();
  CHECK(contains(error_of([&] { ResponseSurface::fit(points); }),
                 "needs at least 7 trained points, and has 6"));
  auto compound = measured({}, 13);
  std::erase_if(compound, [](const SurfacePoint& p) {
    return p.factors.width > 1 && p.factors.depth == 1 && p.factors.resolution == 1;
  });
  CHECK(contains(error_of([&] { ResponseSurface::fit(compound); }),
                 "no trained point moves the width alone"));
}

TEST_CASE("a star design moves each dimension alone up to the target, and repeats no network") {
  LacsConfig config;
  config.star_points = 13;
  config.grid.max_gamma = 2;
  const Plant plant;
  const Architecture base = base_network();
  const ScalingPrice price{[&](const Architecture& a) { return plant.latency_ms(built(a)); }};
  CoefficientSolver solver(base, config, price);
  const auto points = star_design(base, config, 15, solver);
  REQUIRE(points.size() == 13);
  CHECK((points[0].depth == 1 && points[0].width == 1 && points[0].resolution == 1));
  CHECK(points[1].depth == Approx(std::pow(1.5, 1 / 0.9)).epsilon(0.05));  // whole layers
  CHECK((points[1].width == 1 && points[1].resolution == 1));
  CHECK(points[2].width == Approx(std::pow(1.5, 1 / 1.2)).epsilon(0.05));
  CHECK(points[3].resolution == Approx(std::pow(1.5, 1 / 2.2)).epsilon(0.01));
  std::vector<Architecture> networks;
  for (const auto& point : points) {
    const Architecture network = scale(base, point);
    CHECK(std::find(networks.begin(), networks.end(), network) == networks.end());
    networks.push_back(network);
  }
}

TEST_CASE("a star design has its points where one more layer is over the target already") {
  LacsConfig config;
  Architecture base = base_network();
  base.stages[0].layers = 1;
  const ScalingPrice price{[](const Architecture& a) {
    return 10.0 * a.stages[0].layers * a.stages[0].filters / 160 * a.resolution / 200;
  }};
  CoefficientSolver solver(base, config, price);
  int deeper = 0;
  for (const auto& point : star_design(base, config, 15, solver)) {
    const Architecture network = scale(base, point);
    deeper += network.stages[0].layers > 1 && network.stages[0].filters == 160 &&
              network.resolution == 200;
  }
  CHECK(deeper == 2);  // two and three layers
}

TEST_CASE("on rounded networks the surface goes by what was built, and training confirms it") {
  LacsConfig config = planted_config();
  config.score = TripleScore::kStar;
  config.grid.max_candidates = 3;
  const Plant plant;
  const LacsResult every =
      search_coefficients(base_network(), planted_config(), callbacks_of(plant));
  int trained = 0;
  LacsCallbacks counting = callbacks_of(plant);
  counting.evaluate = [&](std::vector<LacsCandidate>& candidates) {
    trained += static_cast<int>(candidates.size());
    callbacks_of(plant).evaluate(candidates);
  };
  const LacsResult result = search_coefficients(base_network(), config, counting);
  REQUIRE(result.star.has_value());
  CHECK(trained == 12);
  CHECK(result.star->scored > 3 * trained);
  // base_network has one stage, so that built depth and width are exact.
  CHECK(result.star->largest_error < 1e-4);
  CHECK(scale(base_network(), result.best.at(1)) == scale(base_network(), every.best.at(1)));
}
