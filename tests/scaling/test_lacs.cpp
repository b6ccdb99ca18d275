#include "scaling/lacs.h"

#include <omp.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "core/error.h"
#include "network/cost.h"
#include "scaling/coefficient_grid.h"
#include "tests/catch.h"
#include "tests/scaling/planted.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

LacsCallbacks planted() { return callbacks_of(Plant{}); }

void score(std::vector<LacsCandidate>& candidates) { planted().evaluate(candidates); }

double planted_latency(const Architecture& a) { return Plant{}.latency_ms(built(a)); }

double best_reward(const LacsResult& result) { return best_of(result.candidates)->reward; }

}  // namespace

TEST_CASE("an axis of the grid holds its ends, its centre and decimal steps between") {
  CHECK(grid_axis(1, 0.1, 1, 1.35) == std::vector<double>{1.0, 1.1, 1.2, 1.3, 1.35});
  CHECK(grid_axis(1.1, 0.05, 1.0, 1.2) == std::vector<double>{1.0, 1.05, 1.1, 1.15, 1.2});
  CHECK(grid_axis(1.05, 0.1, 1.0, 1.15) == std::vector<double>{1.0, 1.05, 1.15});
  CHECK(grid_axis(1, 0.1, 1, 1) == std::vector<double>{1.0});
}

TEST_CASE("the best triple is the one whose candidate has the highest reward") {
  const LacsResult result = search_coefficients(base_network(), planted_config(), planted());
  const Architecture best = scale(base_network(), result.best.at(1));
  CHECK(planted_reward(Plant{}.accuracy(built(best)), planted_latency(best)) ==
        Approx(best_reward(result)));
}

TEST_CASE("every candidate meets the target latency, though smaller networks have higher rewards") {
  // Without Equation 4's constraint the reward prefers the unscaled network.
  const Architecture base = base_network();
  const double unscaled = planted_reward(Plant{}.accuracy({1, 1, 1}), 10);
  const LacsConfig config = planted_config();
  const LacsResult result = search_coefficients(base, config, planted());
  CHECK(unscaled > best_reward(result));
  for (const auto& c : result.candidates) {
    CHECK(c.latency_ms >= 20 * (1 - config.grid.tolerance) - 1e-6);
    CHECK(c.latency_ms <= 20 * (1 + config.grid.tolerance) + 1e-6);
    CHECK(c.latency_ms == planted_latency(c.architecture));
    CHECK(c.architecture == scale(base, c.coefficients.at(config.level)));
  }
}

TEST_CASE("triples that round to one network are one candidate, in the middle of the plateau") {
  Architecture base = base_network();
  base.stages[0].layers = 2;  // depth in (1.5, 2] builds 4 layers, in (1, 1.5] three
  LacsConfig config = planted_config();
  config.grid.max_beta = config.grid.max_gamma = 1;
  config.grid.coarse_step = 0.1;
  config.grid.fine_step = 0.05;
  const auto per_layer = [](const Architecture& a) { return 1.0 * a.stages[0].layers; };
  const LacsResult result = search_coefficients(base, config, {per_layer, score});
  // The coarse triples 1.6, 1.7, 1.8, 1.9 and 2.0; the finer grids hold no other network.
  REQUIRE(result.candidates.size() == 1);
  CHECK(result.steps.size() == 2);
  for (const auto& triple : result.same_network) CHECK(triple.alpha > 1.5);
  CHECK(result.same_network.size() == 11);  // and six between 1.7 and 1.9
  CHECK(result.best.alpha == Approx(1.8));
  CHECK(result.candidates[0].architecture.stages[0].layers == 4);
}

TEST_CASE("each grid evaluates at most the allowed number of different networks, in one batch") {
  LacsConfig config = planted_config();
  config.grid.max_candidates = 8;
  std::vector<size_t> batches;
  const LacsResult result = search_coefficients(
      base_network(), config, {planted_latency, [&](std::vector<LacsCandidate>& candidates) {
                                 batches.push_back(candidates.size());
                                 score(candidates);
                               }});
  CHECK(batches == std::vector<size_t>{8, 8, 6});  // the last grid reaches no further network
  CHECK(result.steps == std::vector<double>{0.1, 0.025, 0.00625});
  for (size_t i = 0; i < result.candidates.size(); ++i) {
    CHECK(result.candidates[i].round == static_cast<int>(i / 8));
    for (size_t j = 0; j < i; ++j) {
      CHECK_FALSE(result.candidates[i].architecture == result.candidates[j].architecture);
    }
  }
}

TEST_CASE("the candidates that remain are spread widest") {
  std::vector<GridNetwork> line;
  for (int i = 0; i <= 10; ++i) {
    line.push_back({{std::exp(0.1 * i), 1, 1}, {}, static_cast<double>(i), {}});
  }
  const auto positions = [](const std::vector<GridNetwork>& networks) {
    std::vector<double> result;
    for (const auto& network : networks) result.push_back(network.latency_ms);
    return result;
  };
  CHECK(positions(spread_widest(line, {}, 1)) == std::vector<double>{5});
  CHECK(positions(spread_widest(line, {}, 3)) == std::vector<double>{0, 5, 10});
  CHECK(positions(spread_widest(line, {line[0].coefficients}, 2)) == std::vector<double>{5, 10});
  CHECK(positions(spread_widest(line, {}, 11)).size() == 11);
}

TEST_CASE("each different network is priced once") {
  std::set<std::vector<int>> seen;
  int calls = 0;
  const auto counting = [&](const Architecture& a) {
    ++calls;
    seen.insert({a.resolution, a.stages[0].layers, a.stages[0].filters});
    return planted_latency(a);
  };
  search_coefficients(base_network(), planted_config(), {counting, score});
  CHECK(calls == static_cast<int>(seen.size()));
}

TEST_CASE("two searches give the same candidates in the same order") {
  LacsConfig config = planted_config();
  config.grid.max_candidates = 5;
  const LacsResult a = search_coefficients(base_network(), config, planted());
  const LacsResult b = search_coefficients(base_network(), config, planted());
  REQUIRE(a.candidates.size() == b.candidates.size());
  for (size_t i = 0; i < a.candidates.size(); ++i) {
    CHECK(a.candidates[i].architecture == b.candidates[i].architecture);
    CHECK(a.candidates[i].coefficients.alpha == b.candidates[i].coefficients.alpha);
  }
  CHECK(a.best.gamma == b.best.gamma);
}

TEST_CASE("failed candidates are passed over, and lower latency wins among equal rewards") {
  LacsConfig config = planted_config();
  const auto sabotage = [](std::vector<LacsCandidate>& candidates) {
    score(candidates);
    const auto best =
        std::max_element(candidates.begin(), candidates.end(),
                         [](const auto& x, const auto& y) { return x.reward < y.reward; });
    best->failed = true;
    best->reward = 1e9;
  };
  const LacsResult result =
      search_coefficients(base_network(), config, {planted_latency, sabotage});
  const Architecture chosen = scale(base_network(), result.best.at(1));
  int failed = 0;
  for (const auto& c : result.candidates) {
    if (!c.failed) continue;
    ++failed;
    CHECK_FALSE(c.architecture == chosen);
  }
  CHECK(failed == 2);

  const auto indifferent = [](std::vector<LacsCandidate>& candidates) {
    for (auto& c : candidates) c.reward = 0.5;
  };
  const LacsResult tie =
      search_coefficients(base_network(), config, {planted_latency, indifferent});
  double fastest = 1e9;
  for (const auto& c : tie.candidates) fastest = std::min(fastest, c.latency_ms);
  CHECK(planted_latency(scale(base_network(), tie.best.at(1))) == fastest);
}

TEST_CASE("a search without any scored candidate is infeasible") {
  const auto all_fail = [](std::vector<LacsCandidate>& candidates) {
    for (auto& c : candidates) c.reward = std::nan("");
  };
  CHECK_THAT(error_of([&] {
               search_coefficients(base_network(), planted_config(), {planted_latency, all_fail});
             }),
             Catch::Contains("scaled networks failed to train"));
}

TEST_CASE("an unreachable target names the nearest latencies and what would help") {
  LacsConfig config = planted_config();
  config.grid.max_alpha = config.grid.max_beta = config.grid.max_gamma = 1.1;
  try {
    search_coefficients(base_network(), config, planted());
    FAIL("must be infeasible");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::kInfeasible);
    CHECK_THAT(error.what(),
               Catch::Contains("target of 20.0 ms within 2 %: the grid reaches from 10.0 ms to"));
    CHECK_THAT(error.what(), Catch::Contains("none is above: raise max_alpha"));
  }
  // Two networks only: 10 ms and 40 ms.
  config.grid.max_alpha = 2;
  config.grid.max_beta = config.grid.max_gamma = 1;
  config.grid.coarse_step = 1;
  const auto steep = [](const Architecture& a) { return a.stages[0].layers > 20 ? 40.0 : 10.0; };
  const std::string message = error_of([&] {
    search_coefficients(base_network(), config, {steep, score});
  });
  CHECK_THAT(message, Catch::Contains("nearest below takes 10.0 ms"));
  CHECK_THAT(message, Catch::Contains("nearest above 40.0 ms"));
  CHECK_THAT(message, Catch::Contains("raise tolerance to 0.5"));
}

TEST_CASE("networks that do not fit the device are too slow, not the end of the search") {
  const auto small_memory = [](const Architecture& a) {
    if (a.resolution > 220) throw Error(ErrorKind::kInfeasible, "out of memory");
    return planted_latency(a);
  };
  const LacsResult result =
      search_coefficients(base_network(), planted_config(), {small_memory, score});
  for (const auto& c : result.candidates) CHECK(c.architecture.resolution <= 220);
  const auto broken = [](const Architecture&) { return std::nan(""); };
  CHECK_THAT(error_of([&] {
               search_coefficients(base_network(), planted_config(), {broken, score});
             }),
             Catch::Contains("no positive latency"));
}

TEST_CASE("settings that cannot be are refused by name") {
  const auto message = [](const std::function<void(LacsConfig&)>& spoil) {
    LacsConfig config;
    spoil(config);
    return error_of([&] { search_coefficients(base_network(), config, planted()); });
  };
  CHECK_THAT(message([](LacsConfig& c) { c.latency_ratio = 1; }), Catch::Contains("latency_ratio"));
  CHECK_THAT(message([](LacsConfig& c) { c.level = 0; }), Catch::Contains("level"));
  CHECK_THAT(message([](LacsConfig& c) { c.grid.tolerance = 0; }), Catch::Contains("tolerance"));
  CHECK_THAT(message([](LacsConfig& c) { c.grid.max_beta = 0.5; }), Catch::Contains("max_beta"));
  CHECK_THAT(message([](LacsConfig& c) { c.grid.fine_step = 0; }), Catch::Contains("fine_step"));
  CHECK_THAT(message([](LacsConfig& c) { c.grid.max_candidates = 0; }),
             Catch::Contains("max_candidates"));
  CHECK_THAT(message([](LacsConfig& c) { c.grid.coarse_step = 0.001; }),
             Catch::Contains("coarse_step makes a grid of") && Catch::Contains("larger step"));
  CHECK_THAT(message([](LacsConfig& c) { c.given.beta = 0.9; }),
             Catch::Contains("beta is 0.9; coefficients must be at least 1"));
  CHECK_THAT(message([](LacsConfig& c) { c.star_points = 5; }), Catch::Contains("from 7 to 13"));
  CHECK_THAT(message([](LacsConfig& c) { c.continuous = true; }),
             Catch::Contains("continuous needs a latency oracle"));
}

TEST_CASE("a search at a higher level raises the coefficients to that power") {
  LacsConfig config = planted_config();
  config.level = 3;
  config.latency_ratio = 8;
  config.grid.coarse_step = 0.1;
  config.grid.tolerance = 0.05;
  config.grid.fine_step = 0.05;
  config.grid.max_alpha = config.grid.max_beta = config.grid.max_gamma = 1.6;
  config.family = {0, 3};
  const LacsResult result = search_coefficients(base_network(), config, planted());
  CHECK(result.target_ms == Approx(80.0));
  CHECK(result.family[1].latency_ms == Approx(80.0).epsilon(0.05));
}

TEST_CASE("networks over a limit are no candidates, and members over one say so") {
  const int most_px = 1 + base_network().resolution;
  LacsCallbacks limited = planted();
  limited.over_limit = [&](const Architecture& a) -> std::optional<std::string> {
    if (a.resolution <= most_px) return std::nullopt;
    return std::to_string(a.resolution) + " px";
  };
  const LacsResult free = search_coefficients(base_network(), planted_config(), planted());
  const LacsResult result = search_coefficients(base_network(), planted_config(), limited);
  REQUIRE(free.candidates.size() > result.candidates.size());
  REQUIRE_FALSE(result.candidates.empty());
  for (const auto& candidate : result.candidates)
    CHECK(candidate.architecture.resolution <= most_px);
  CHECK(result.refused.empty());
  for (const auto& member : result.family)
    CHECK(member.over_limit.empty() == (member.architecture.resolution <= most_px));
}

TEST_CASE(
    "where every scaled network is over a limit, the base network is left and the limit said") {
  LacsCallbacks limited = planted();
  limited.over_limit = [](const Architecture& a) -> std::optional<std::string> {
    if (a == base_network()) return std::nullopt;
    return "size is over the limit";
  };
  limited.evaluate = [](std::vector<LacsCandidate>&) { FAIL("nothing is to be evaluated"); };
  const LacsResult result = search_coefficients(base_network(), planted_config(), limited);
  CHECK(result.candidates.empty());
  CHECK(result.refused.find("its size is over the limit: raise that limit") != std::string::npos);
  REQUIRE(result.family.size() == 1);
  CHECK(result.family[0].architecture == base_network());
}

TEST_CASE("coefficients at the edge of the grid's box are named, at both edges") {
  const GridConfig box;
  CHECK(coefficients_at_bounds({1.2, 1.1, 1.15}, box, 1.6).empty());
  const auto found = coefficients_at_bounds({2, 1, 1.6}, box, 1.6);
  CHECK(found ==
        std::vector<std::string>{
            "alpha 2 is at its bound scaling.max_alpha: a higher one may give a better family",
            "beta is at its lower bound 1: that dimension is not scaled",
            "gamma 1.6 is at its bound scaling.max_gamma: a higher one may give a better family"});
}

TEST_CASE("the largest whole resolution of the box counts as its bound") {
  LacsConfig config = planted_config();
  config.grid.max_gamma = 1.052;  // 210 of 200 pixels
  config.grid.tolerance = 0.05;
  const LacsResult result = search_coefficients(base_network(), config, planted());
  CHECK(result.best.gamma == Approx(1.05));
  REQUIRE(result.bounds.size() == 1);
  CHECK(result.bounds[0].find("gamma 1.05 is at its bound scaling.max_gamma") == 0);
}

TEST_CASE("without the constraint the reward of Equation 4 would scale nothing") {
  // Every plant, at the paper's w: over a free grid the unscaled network has the highest reward.
  for (uint32_t seed = 1; seed <= 5; ++seed) {
    const Plant plant = random_plant(seed);
    // Doubling the latency buys a few points of accuracy at best, as between real networks.
    const auto accuracy = [&](const ScalingFactors& f) { return 0.7 + plant.accuracy(f) / 10; };
    CompoundCoefficients best;
    double most = 0;
    for (double a = 1; a < 2.01; a += 0.05) {
      for (double b = 1; b < 2.01; b += 0.05) {
        for (double g = 1; g < 1.61; g += 0.05) {
          const double reward =
              planted_reward(accuracy({a, b, g}), plant.latency_ms({a, b, g}), 20, -0.09);
          if (reward > most) most = reward, best = {a, b, g};
        }
      }
    }
    CHECK((best.alpha == 1 && best.beta == 1 && best.gamma == 1));
  }
}

TEST_CASE("the result is the same for any number of threads") {
  LacsConfig config = planted_config();
  config.grid.max_candidates = 6;
  const int threads = omp_get_max_threads();
  std::vector<LacsResult> results;
  for (const int count : {1, 4}) {
    omp_set_num_threads(count);
    LacsCallbacks callbacks = planted();
    callbacks.parallel = true;
    results.push_back(search_coefficients(base_network(), config, callbacks));
  }
  omp_set_num_threads(threads);
  results.push_back(search_coefficients(base_network(), config, planted()));
  for (const LacsResult& result : results) {
    REQUIRE(result.candidates.size() == results[0].candidates.size());
    for (size_t i = 0; i < result.candidates.size(); ++i) {
      CHECK(result.candidates[i].architecture == results[0].candidates[i].architecture);
      CHECK(result.candidates[i].coefficients.gamma == results[0].candidates[i].coefficients.gamma);
    }
  }
}

TEST_CASE("the plateau holds what the noise cannot tell from the best, assumed or measured") {
  LacsConfig config = planted_config();
  config.noise.noise = 0;
  const LacsResult exact = search_coefficients(base_network(), config, planted());
  CHECK(exact.plateau.networks == 1);
  CHECK(exact.plateau.noise.trainings == 0);
  config.noise.noise = 0.002;
  const LacsResult assumed = search_coefficients(base_network(), config, planted());
  const LacsCandidate best = *best_of(assumed.candidates);
  int within = 0;
  for (const auto& candidate : assumed.candidates)
    within += candidate.reward >= best.reward * (1 - 2 * 0.002 / best.accuracy) ? 1 : 0;
  CHECK(within > 5);
  CHECK(assumed.plateau.networks == within);
  CHECK(assumed.plateau.low.alpha < assumed.best.alpha);
  CHECK(assumed.plateau.high.alpha > assumed.best.alpha);
  CHECK(assumed.plateau.triples.size() >= static_cast<size_t>(within));

  LacsCallbacks repeating = planted();
  repeating.repeat = [&](const LacsCandidate& candidate, int times) {
    CHECK(candidate.architecture == best.architecture);
    CHECK(times == 2);
    return std::vector<double>{candidate.accuracy + 0.01, candidate.accuracy - 0.01};
  };
  config.noise.noise_repeats = 2;
  const LacsResult measured = search_coefficients(base_network(), config, repeating);
  CHECK(measured.plateau.noise.trainings == 3);
  CHECK(measured.plateau.noise.deviation == Approx(0.01));
  CHECK(measured.plateau.networks > assumed.plateau.networks);
}

TEST_CASE("accuracy_only meets two to the power of phi in multiply-adds, whatever the latency") {
  LacsConfig config = planted_config();
  config.mode = ScalingMode::kAccuracyOnly;
  LacsCallbacks callbacks = planted();
  const auto madds = [](const Architecture& a) {
    return static_cast<double>(cost(lower(a)).total.madds);
  };
  const LacsResult result = search_coefficients(base_network(), config, callbacks);
  CHECK(result.target_ms == 0);
  for (const auto& candidate : result.candidates) {
    CHECK(madds(candidate.architecture) / madds(base_network()) == Approx(2).epsilon(0.02));
    CHECK(candidate.reward == candidate.accuracy);
    CHECK(candidate.latency_ms == planted_latency(candidate.architecture));
  }
  // Unrounded: exactly alpha beta^2 gamma^2 = 2.
  config.continuous = true;
  const auto& best =
      search_coefficients(base_network(), config, unrounded_callbacks_of(Plant{})).best;
  CHECK(best.alpha * best.beta * best.beta * best.gamma * best.gamma == Approx(2));
}

TEST_CASE("mode direct searches each member's own level and keeps the triples beside each other") {
  LacsConfig config = planted_config();
  config.mode = ScalingMode::kDirect;
  config.family = {0, 1, 2};
  config.grid.max_alpha = config.grid.max_beta = 1.6;
  config.grid.tolerance = 0.05;
  const LacsResult result = search_coefficients(base_network(), config, planted());
  REQUIRE(result.direct.size() == 2);
  CHECK(result.direct[0].phi == 1);
  CHECK(result.direct[0].coefficients.alpha == result.best.alpha);
  CHECK(result.direct[1].phi == 2);
  REQUIRE(result.family.size() == 3);
  CHECK(result.family[2].name == "B2");
  CHECK(result.family[2].target_ms == Approx(40));
  CHECK(result.family[2].latency_ms == Approx(40).epsilon(0.02));
  const auto& own = result.direct[1].coefficients;
  CHECK(result.family[2].factors.depth == Approx(own.alpha * own.alpha));
  CHECK(result.family[2].accuracy.has_value());
}

TEST_CASE("mode given takes the coefficients and evaluates nothing") {
  LacsConfig config;
  config.mode = ScalingMode::kGiven;
  config.given = {1.2, 1.1, 1.15};
  LacsCallbacks callbacks = planted();
  callbacks.evaluate = [](std::vector<LacsCandidate>&) { FAIL("nothing is to be evaluated"); };
  const LacsResult result = search_coefficients(base_network(), config, callbacks);
  CHECK(result.candidates.empty());
  REQUIRE(result.family.size() == 3);
  CHECK(result.family[1].architecture == scale(base_network(), {1.2, 1.1, 1.15}));
  CHECK(result.family[1].target_ms == 0);
}
