#include "scaling/lacs.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "core/error.h"
#include "scaling/lacs_grid.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

/// Wide, deep and large enough that rounding leaves many steps.
Architecture base_network() {
  Architecture a;
  a.name = "planted";
  a.resolution = 200;
  a.stem.filters = 160;
  a.stages = {{.filters = 160, .layers = 20}};
  a.head.filters = 160;
  return a;
}

/// What rounding really made of a triple.
ScalingFactors built(const Architecture& a) {
  const Architecture base = base_network();
  return {a.stages[0].layers / static_cast<double>(base.stages[0].layers),
          a.stages[0].filters / static_cast<double>(base.stages[0].filters),
          a.resolution / static_cast<double>(base.resolution)};
}

/// A device on which width is cheap and resolution dear.
double planted_latency(const Architecture& a) {
  const ScalingFactors f = built(a);
  return 10 * std::pow(f.depth, 0.9) * std::pow(f.width, 1.2) * std::pow(f.resolution, 2.2);
}

/// Dimensions that saturate and complement each other (constant elasticity of substitution 1/5).
double planted_accuracy(const Architecture& a) {
  const ScalingFactors f = built(a);
  const double mix = 0.35 * std::pow(f.depth, -4) + 0.30 * std::pow(f.width, -4) +
                     0.35 * std::pow(f.resolution, -4);
  return 1 - 0.3 * std::pow(mix, 1 / 8.0);
}

double reward_of(double accuracy, double latency_ms) {
  return accuracy * std::pow(latency_ms / 20, -0.09);
}

void score(std::vector<LacsCandidate>& candidates) {
  for (auto& candidate : candidates) {
    candidate.accuracy = planted_accuracy(candidate.architecture);
    candidate.reward = reward_of(candidate.accuracy, candidate.latency_ms);
  }
}

LacsCallbacks planted() { return {planted_latency, score}; }

LacsConfig planted_config() {
  LacsConfig config;
  config.tolerance = 0.02;
  config.coarse_step = 0.05;
  config.fine_step = 0.01;
  config.max_candidates = 100000;
  return config;
}

/// The best reward of a box of triples by brute force, in steps of `step`, under the latency
/// constraint.
double exhaustive_best(const CompoundCoefficients& low, const CompoundCoefficients& high,
                       double step, double target_ms, double tolerance) {
  double best = 0;
  for (double a = low.alpha; a < high.alpha + 1e-9; a += step) {
    for (double b = low.beta; b < high.beta + 1e-9; b += step) {
      for (double g = low.gamma; g < high.gamma + 1e-9; g += step) {
        const Architecture scaled = scale(base_network(), {a, b, g});
        const double ms = planted_latency(scaled);
        if (std::abs(ms / target_ms - 1) > tolerance) continue;
        best = std::max(best, reward_of(planted_accuracy(scaled), ms));
      }
    }
  }
  return best;
}

double best_reward(const LacsResult& result, bool with_fine = true) {
  double best = 0;
  for (const auto& c : result.candidates) {
    if (!c.failed && (with_fine || !c.fine)) best = std::max(best, c.reward);
  }
  return best;
}

}  // namespace

TEST_CASE("an axis of the grid holds its ends, its centre and decimal steps between") {
  CHECK(grid_axis(1, 0.1, 1, 1.35) == std::vector<double>{1.0, 1.1, 1.2, 1.3, 1.35});
  CHECK(grid_axis(1.1, 0.05, 1.0, 1.2) == std::vector<double>{1.0, 1.05, 1.1, 1.15, 1.2});
  CHECK(grid_axis(1.05, 0.1, 1.0, 1.15) == std::vector<double>{1.0, 1.05, 1.15});
  CHECK(grid_axis(1, 0.1, 1, 1) == std::vector<double>{1.0});
}

TEST_CASE("LACS finds the planted optimum that exhaustive search finds") {
  const LacsConfig config = planted_config();
  const LacsResult result = search_coefficients(base_network(), config, planted());

  CHECK(result.target_ms == Approx(20.0));
  const double coarse = exhaustive_best({1, 1, 1}, {2, 2, 1.6}, 0.05, 20, config.tolerance);
  CHECK(best_reward(result, false) == Approx(coarse).epsilon(1e-12));

  // The fine grid must reach the optimum of the box around the best coarse triple...
  const LacsCandidate* centre = nullptr;
  for (const auto& c : result.candidates) {
    if (!c.fine && (centre == nullptr || c.reward > centre->reward)) centre = &c;
  }
  const CompoundCoefficients& m = centre->coefficients;
  const double fine = exhaustive_best(
      {std::max(1.0, m.alpha - 0.05), std::max(1.0, m.beta - 0.05), std::max(1.0, m.gamma - 0.05)},
      {m.alpha + 0.05, m.beta + 0.05, m.gamma + 0.05}, 0.01, 20, config.tolerance);
  CHECK(best_reward(result) == Approx(std::max(coarse, fine)).epsilon(1e-12));
  CHECK(best_reward(result) >= best_reward(result, false));

  // ... which here is that of the whole fine space, and lies inside of it, not in a corner.
  const double everywhere = exhaustive_best({1, 1, 1}, {2, 2, 1.6}, 0.01, 20, config.tolerance);
  CHECK(best_reward(result) == Approx(everywhere).epsilon(5e-4));
  CHECK(result.best.alpha > 1.0);
  CHECK(result.best.beta > 1.0);
  CHECK(result.best.gamma > 1.0);
}

TEST_CASE("the best triple is the one whose candidate has the highest reward") {
  const LacsResult result = search_coefficients(base_network(), planted_config(), planted());
  const Architecture best = scale(base_network(), result.best.at(1));
  CHECK(reward_of(planted_accuracy(best), planted_latency(best)) == Approx(best_reward(result)));
}

TEST_CASE("every candidate meets the target latency, though smaller networks have higher rewards") {
  // Without Equation 4's constraint the reward prefers the unscaled network.
  const Architecture base = base_network();
  const double unscaled = reward_of(planted_accuracy(base), planted_latency(base));
  const LacsConfig config = planted_config();
  const LacsResult result = search_coefficients(base, config, planted());
  CHECK(unscaled > best_reward(result));
  for (const auto& c : result.candidates) {
    CHECK(c.latency_ms >= 20 * (1 - config.tolerance) - 1e-6);
    CHECK(c.latency_ms <= 20 * (1 + config.tolerance) + 1e-6);
    CHECK(c.latency_ms == planted_latency(c.architecture));
    CHECK(c.architecture == scale(base, c.coefficients.at(config.level)));
  }
}

TEST_CASE("triples that round to one network are one candidate, in the middle of the plateau") {
  Architecture base = base_network();
  base.stages[0].layers = 2;  // depth in (1.5, 2] builds 4 layers, in (1, 1.5] three
  LacsConfig config = planted_config();
  config.max_beta = config.max_gamma = 1;
  config.coarse_step = 0.1;
  config.fine_step = 0.05;
  const auto per_layer = [](const Architecture& a) { return 1.0 * a.stages[0].layers; };
  const LacsResult result = search_coefficients(base, config, {per_layer, score});
  // The coarse triples 1.6, 1.7, 1.8, 1.9 and 2.0; the fine grid holds no other network.
  REQUIRE(result.candidates.size() == 1);
  CHECK(result.best.alpha == Approx(1.8));
  CHECK(result.candidates[0].architecture.stages[0].layers == 4);
}

TEST_CASE("each grid evaluates at most the allowed number of different networks, in one batch") {
  LacsConfig config = planted_config();
  config.max_candidates = 8;
  std::vector<size_t> batches;
  const LacsResult result = search_coefficients(
      base_network(), config, {planted_latency, [&](std::vector<LacsCandidate>& candidates) {
                                 batches.push_back(candidates.size());
                                 score(candidates);
                               }});
  CHECK(batches == std::vector<size_t>{8, 8});
  CHECK(result.candidates.size() == 16);
  for (size_t i = 0; i < result.candidates.size(); ++i) {
    CHECK(result.candidates[i].fine == (i >= 8));
    for (size_t j = 0; j < i; ++j) {
      CHECK_FALSE(result.candidates[i].architecture == result.candidates[j].architecture);
    }
  }
}

TEST_CASE("the candidates that remain are spread widest") {
  std::vector<GridNetwork> line;
  for (int i = 0; i <= 10; ++i) {
    line.push_back({{std::exp(0.1 * i), 1, 1}, {}, static_cast<double>(i)});
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
  config.max_candidates = 5;
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
  config.max_alpha = config.max_beta = config.max_gamma = 1.1;
  try {
    search_coefficients(base_network(), config, planted());
    FAIL("must be infeasible");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::kInfeasible);
    CHECK_THAT(error.what(), Catch::Contains("target latency of 20.0 ms within 2 %"));
    CHECK_THAT(error.what(), Catch::Contains("none is above: raise max_alpha"));
  }
  // Two networks only: 10 ms and 40 ms.
  config.max_alpha = 2;
  config.max_beta = config.max_gamma = 1;
  config.coarse_step = 1;
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
  CHECK_THAT(message([](LacsConfig& c) { c.tolerance = 0; }), Catch::Contains("tolerance"));
  CHECK_THAT(message([](LacsConfig& c) { c.max_beta = 0.5; }), Catch::Contains("max_beta"));
  CHECK_THAT(message([](LacsConfig& c) { c.fine_step = 0; }), Catch::Contains("fine_step"));
  CHECK_THAT(message([](LacsConfig& c) { c.max_candidates = 0; }),
             Catch::Contains("max_candidates"));
  CHECK_THAT(message([](LacsConfig& c) { c.coarse_step = 0.001; }),
             Catch::Contains("coarse_step makes a grid of") && Catch::Contains("larger step"));
}

TEST_CASE("a family has its members at each phi with their latencies, B0 being the base") {
  LacsConfig config;
  config.family = {0, 1, 2.5};
  const auto family = make_family(base_network(), {1.2, 1.1, 1.15}, config, planted_latency);
  REQUIRE(family.size() == 3);
  CHECK(family[0].name == "B0");
  CHECK(family[0].architecture == base_network());
  CHECK(family[0].latency_ms == Approx(10.0));
  CHECK(family[1].name == "B1");
  CHECK(family[1].architecture.stages[0].layers == 24);
  CHECK(family[1].architecture.stages[0].filters == 176);
  CHECK(family[1].architecture.resolution == 230);
  CHECK(family[1].latency_ms == planted_latency(family[1].architecture));
  CHECK(family[2].phi == 2.5);
  CHECK(family[2].factors.depth == Approx(std::pow(1.2, 2.5)));
  CHECK(family[2].architecture.stages[0].layers == 32);  // ceil(20 * 1.577)
}

TEST_CASE("a search at a higher level raises the coefficients to that power") {
  LacsConfig config = planted_config();
  config.level = 3;
  config.latency_ratio = 8;
  config.coarse_step = 0.1;
  config.tolerance = 0.05;
  config.fine_step = 0.05;
  config.max_alpha = config.max_beta = config.max_gamma = 1.6;
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

TEST_CASE("a member knows its target, how far it is off, and the accuracy that its trial had") {
  LacsConfig config;
  config.latency_ratio = 3;
  config.level = 2;
  FamilyMember member;
  member.latency_ms = 3;
  CHECK(deviation_from_target(member) == 0);  // none is known
  member.target_ms = 4;
  CHECK(deviation_from_target(member) == Approx(-0.25));
  const Architecture base = base_network();
  const LacsCallbacks callbacks{
      .latency_ms = [](const Architecture& a) { return static_cast<double>(a.resolution); },
      .evaluate =
          [](std::vector<LacsCandidate>& candidates) {
            for (auto& candidate : candidates) {
              candidate.accuracy = 0.7;
              candidate.reward = candidate.coefficients.gamma;
            }
          }};
  config.level = 1;
  config.latency_ratio = 1.5;
  config.tolerance = 0.05;
  const LacsResult result = search_coefficients(base, config, callbacks);
  REQUIRE(result.family.size() == 3);
  CHECK(result.family[0].target_ms == Approx(base.resolution));
  CHECK(result.family[1].target_ms == Approx(1.5 * base.resolution));
  CHECK(result.family[2].target_ms == Approx(2.25 * base.resolution));
  CHECK_FALSE(result.family[0].accuracy.has_value());
  CHECK(result.family[1].accuracy == std::optional(0.7));
  CHECK_FALSE(result.family[2].accuracy.has_value());
}

TEST_CASE("coefficients at the edge of the grid's box are named") {
  LacsConfig config;
  CHECK(coefficients_at_bounds({1.2, 1.1, 1.15}, config).empty());
  const auto found = coefficients_at_bounds({2, 1.1, 1.6}, config);
  CHECK(found == std::vector<std::string>{"alpha 2 is at its bound scaling.max_alpha",
                                          "gamma 1.6 is at its bound scaling.max_gamma"});
}
