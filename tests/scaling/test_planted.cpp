#include "tests/catch.h"
#include "tests/scaling/planted.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

/// The best unrounded triple at twice the base's latency, by a dense walk over depth and width;
/// the resolution follows in closed form.
CompoundCoefficients densest_optimum(const Plant& plant) {
  CompoundCoefficients best;
  double most = -1;
  const auto walk = [&](CompoundCoefficients centre, double reach, double step) {
    const auto from = [](double middle, double r) { return std::max(1.0, middle - r); };
    for (double a = from(centre.alpha, reach); a <= centre.alpha + reach; a += step) {
      for (double b = from(centre.beta, reach); b <= centre.beta + reach; b += step) {
        const double rest = 2 / (std::pow(a, plant.depth_cost) * std::pow(b, plant.width_cost));
        const double g = std::pow(rest, 1 / plant.resolution_cost);
        if (g < 1) continue;
        const double accuracy = plant.accuracy({a, b, g});
        if (accuracy > most) most = accuracy, best = {a, b, g};
      }
    }
  };
  walk({1.5, 1.5, 1}, 0.5, 0.005);
  walk(best, 0.01, 0.0002);
  return best;
}

/// The best network among those nearest to the target for their layers and filters.
Architecture best_network(const Plant& plant) {
  Architecture best = base_network();
  double most = -1;
  for (int layers = 20; layers <= 40; ++layers) {
    for (int filters = 160; filters <= 320; filters += 8) {
      Architecture a = base_network(), nearest = a;
      a.stages[0].layers = layers;
      a.stem.filters = a.head.filters = a.stages[0].filters = filters;
      double least = 1e9;
      for (a.resolution = 200; a.resolution <= 320; ++a.resolution) {
        const double off = std::abs(std::log(plant.latency_ms(built(a)) / 20));
        if (off < least) least = off, nearest = a;
      }
      const double ms = plant.latency_ms(built(nearest));
      if (std::abs(ms / 20 - 1) > 0.02) continue;
      const double reward = planted_reward(plant.accuracy(built(nearest)), ms);
      if (reward > most) most = reward, best = nearest;
    }
  }
  return best;
}

}  // namespace

TEST_CASE("LACS finds the unrounded optimum of 20 plants within 0.01 by at most 320 evaluations") {
  LacsConfig config = planted_config();
  config.continuous = true;
  size_t most = 0;
  for (uint32_t seed = 1; seed <= 20; ++seed) {
    INFO("plant " << seed);
    const Plant plant = random_plant(seed);
    const CompoundCoefficients truth = densest_optimum(plant);
    const LacsResult result =
        search_coefficients(base_network(), config, unrounded_callbacks_of(plant));
    CHECK(std::abs(result.best.alpha - truth.alpha) < 0.01);
    CHECK(std::abs(result.best.beta - truth.beta) < 0.01);
    CHECK(std::abs(result.best.gamma - truth.gamma) < 0.01);
    for (const auto& candidate : result.candidates)
      CHECK(candidate.latency_ms == Approx(20).epsilon(1e-9));
    most = std::max(most, result.candidates.size());
  }
  CHECK(most <= 320);
}

TEST_CASE("LACS finds the best rounded network of 20 plants by at most 100 evaluations") {
  const LacsConfig config = planted_config();
  size_t most = 0;
  for (uint32_t seed = 1; seed <= 20; ++seed) {
    INFO("plant " << seed);
    const Plant plant = random_plant(seed);
    const LacsResult result = search_coefficients(base_network(), config, callbacks_of(plant));
    const Architecture found = scale(base_network(), result.best.at(1));
    const Architecture truth = best_network(plant);
    CHECK(found.stages[0].layers == truth.stages[0].layers);
    CHECK(found.stages[0].filters == truth.stages[0].filters);
    CHECK(found.resolution == truth.resolution);
    most = std::max(most, result.candidates.size());
  }
  CHECK(most <= 100);
}

TEST_CASE("a star design of nine trainings and three to confirm finds the triples of 20 plants") {
  LacsConfig config = planted_config();
  config.continuous = true;
  config.score = TripleScore::kStar;
  config.grid.max_candidates = 3;
  for (uint32_t seed = 1; seed <= 20; ++seed) {
    INFO("plant " << seed);
    const Plant plant = random_plant(seed);
    const CompoundCoefficients truth = densest_optimum(plant);
    // Trained networks are rounded; the grid is not.
    LacsCallbacks callbacks = callbacks_of(plant);
    callbacks.unrounded_ms = [plant](const ScalingFactors& f) { return plant.latency_ms(f); };
    const LacsResult result = search_coefficients(base_network(), config, callbacks);
    CHECK(result.star->points.size() == 9);
    CHECK(result.candidates.size() <= 3);
    CHECK(result.star->largest_error < 1e-4);
    CHECK(std::abs(result.best.alpha - truth.alpha) < 0.01);
    CHECK(std::abs(result.best.beta - truth.beta) < 0.01);
    CHECK(std::abs(result.best.gamma - truth.gamma) < 0.01);
  }
}

TEST_CASE("with the default budget the chosen network loses little accuracy against the optimum") {
  double worst = 0;
  for (uint32_t seed = 1; seed <= 20; ++seed) {
    const Plant plant = random_plant(seed);
    const LacsResult result =
        search_coefficients(base_network(), LacsConfig{}, callbacks_of(plant));
    CHECK(result.candidates.size() <= 15);
    const Architecture found = scale(base_network(), result.best.at(1));
    const double lost = plant.accuracy(built(best_network(plant))) - plant.accuracy(built(found));
    worst = std::max(worst, lost);
  }
  CHECK(worst < 0.001);
}
