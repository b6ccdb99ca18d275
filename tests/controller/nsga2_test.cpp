#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "controller/controller.h"
#include "controller/pareto_rank.h"
#include "controller/policy/make_controller.h"
#include "core/error.h"
#include "tests/catch.h"
#include "tests/controller/spaces.h"
#include "tests/support.h"

using namespace ridgeline;
using test::conditional_space;
using test::decision;
using test::error_of;
using test::plain_space;

namespace {

/// Few different values, so that there are ties.
std::vector<Objectives> random_points(int n, uint64_t seed) {
  RandomStream stream(seed);
  std::vector<Objectives> points;
  for (int i = 0; i < n; ++i)
    points.push_back({stream.below(8) / 8.0, 1.0 + stream.below(8), stream.below(10) > 0});
  return points;
}

ControllerConfig nsga2_config(int population, int redraws = 0) {
  return {.kind = ControllerKind::kNsga2, .population = population, .redraws = redraws};
}

/// A table whose whole front is known: 8 decisions of 4 choices. Wide choices cost latency; the
/// accuracy that they bring differs by decision and falls off.
std::vector<Decision> table_space() {
  std::vector<Decision> decisions;
  for (int d = 0; d < 8; ++d) decisions.push_back(decision("d" + std::to_string(d), 4));
  return decisions;
}
Objectives look_up(const Genotype& genotype) {
  Objectives result{0.5, 1.0, true};
  for (size_t d = 0; d < genotype.size(); ++d) {
    const double size = genotype[d];
    result.accuracy += 0.05 * std::sqrt(size) / static_cast<double>(1 + d);
    result.latency_ms += size * (1 + 0.3 * static_cast<double>(d % 3));
  }
  return result;
}

/// The area that the points dominate, right and below of accuracy 0.5 and 40 ms.
double dominated_area(std::vector<Objectives> points) {
  std::sort(points.begin(), points.end(),
            [](const Objectives& a, const Objectives& b) { return a.latency_ms < b.latency_ms; });
  double area = 0, best = 0.5;
  for (const auto& point : points) {
    if (point.accuracy <= best) continue;
    area += (point.accuracy - best) * (40 - point.latency_ms);
    best = point.accuracy;
  }
  return area;
}

double searched_area(const ControllerConfig& config, uint64_t seed) {
  const auto controller = make_controller(config, table_space(), seed);
  std::vector<Objectives> found;
  for (uint64_t batch = 0; batch < 40; ++batch) {
    RandomStream stream(seed, batch, "sample");
    const auto genotypes = controller->sample(8, stream);
    std::vector<Objectives> objectives;
    for (const auto& genotype : genotypes) objectives.push_back(look_up(genotype));
    found.insert(found.end(), objectives.begin(), objectives.end());
    test::observe(*controller, genotypes, std::vector<double>(8, 0.0), {}, objectives);
  }
  return dominated_area(found);
}

/// Tells `genotypes` with objectives that put them in this order, best first.
void tell_in_order(Controller& controller, const std::vector<Genotype>& genotypes) {
  std::vector<Objectives> objectives;
  for (size_t i = 0; i < genotypes.size(); ++i)
    objectives.push_back({0.9 - 0.1 * static_cast<double>(i), 1.0 + static_cast<double>(i), true});
  test::observe(controller, genotypes, std::vector<double>(genotypes.size(), 0.0), {}, objectives);
}

}  // namespace

TEST_CASE("the fronts are those that peeling off what nothing dominates gives") {
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    const auto points = random_points(40, seed);
    const auto ranks = pareto_ranks(points);
    std::set<size_t> left;
    for (size_t i = 0; i < points.size(); ++i) left.insert(i);
    for (int rank = 0; !left.empty(); ++rank) {
      std::set<size_t> front;
      for (const size_t i : left) {
        const bool dominated = std::any_of(
            left.begin(), left.end(), [&](size_t j) { return dominates(points[j], points[i]); });
        if (!dominated) front.insert(i);
      }
      REQUIRE_FALSE(front.empty());
      for (const size_t i : front) {
        CHECK(ranks[i] == rank);
        left.erase(i);
      }
    }
  }
}

TEST_CASE("a failed trial is dominated by every complete one and dominates none") {
  const Objectives bad{0.1, 100, true}, failed{0.9, 1, false}, other{0.2, 5, false};
  CHECK(dominates(bad, failed));
  CHECK_FALSE(dominates(failed, bad));
  CHECK_FALSE(dominates(failed, other));
  CHECK_FALSE(dominates(bad, bad));
}

TEST_CASE("the crowding distance of a point is the room between its neighbours") {
  const std::vector<Objectives> points = {
      {0.5, 1, true}, {0.6, 2, true}, {0.8, 4, true}, {0.9, 11, true}, {0.1, 12, true}};
  const auto ranks = pareto_ranks(points);
  CHECK(ranks == std::vector<int>{0, 0, 0, 0, 1});
  const auto room = crowding_distances(points, ranks);
  CHECK(std::isinf(room[0]));
  CHECK(room[1] == Approx(0.3 / 0.4 + 3.0 / 10));
  CHECK(room[2] == Approx(0.3 / 0.4 + 9.0 / 10));
  CHECK(std::isinf(room[3]));
  CHECK(std::isinf(room[4]));
  CHECK(crowded_order(points) == std::vector<size_t>{0, 3, 2, 1, 4});
}

TEST_CASE("nsga2 proposes uniformly until its population is full, then the best have children") {
  auto config = nsga2_config(3);
  config.nsga2.mutations = 0;
  const auto controller = make_controller(config, plain_space(), 1);
  RandomStream stream(3);
  std::set<std::string> proposed;
  for (const auto& genotype : controller->sample(2000, stream)) proposed.insert(to_text(genotype));
  CHECK(proposed.size() == 48);
  tell_in_order(*controller, {{0, 0, 0, 0}, {0, 1, 0, 1}, {1, 2, 1, 3}, {1, 1, 1, 2}});
  // The last observed did not survive, and without mutations nothing has its filters.
  std::map<int, int> filters;
  for (const auto& genotype : controller->sample(2000, stream)) ++filters[genotype[3]];
  CHECK(filters[2] == 0);
  CHECK(filters[0] > filters[1]);
  CHECK(filters[1] > filters[3]);
  CHECK(filters[3] > 0);
}

TEST_CASE("a network observed again counts once, as it was measured last") {
  const auto controller = make_controller(nsga2_config(2), plain_space(), 1);
  const std::vector<Genotype> twice = {{0, 0, 0, 0}, {0, 0, 0, 0}};
  tell_in_order(*controller, twice);
  RandomStream stream(1);
  std::set<std::string> proposed;  // its population of two is not full: uniform proposals
  for (const auto& genotype : controller->sample(2000, stream)) proposed.insert(to_text(genotype));
  CHECK(proposed.size() == 48);
}

TEST_CASE("the proposals of nsga2 have the probabilities that it says, in a conditional space") {
  const auto decisions = conditional_space();
  auto config = nsga2_config(3);
  config.nsga2.mutations = 0.6;
  const auto controller = make_controller(config, decisions, 1);
  tell_in_order(*controller, {{1, 4, 0}, {0, kInactive, 1}, {1, 2, 1}});
  std::vector<Genotype> all;
  for (int skip = 0; skip < 2; ++skip) {
    all.push_back({0, kInactive, skip});
    for (int block = 0; block < 5; ++block) all.push_back({1, block, skip});
  }
  const auto log_p = controller->log_probabilities(all);
  double sum = 0;
  for (const double p : log_p) sum += std::exp(p);
  CHECK(sum == Approx(1));
  constexpr int kSamples = 40000;
  std::map<std::string, int> counts;
  RandomStream stream(7);
  for (const auto& genotype : controller->sample(kSamples, stream)) ++counts[to_text(genotype)];
  for (size_t i = 0; i < all.size(); ++i) {
    const double p = std::exp(log_p[i]);
    const double sd = std::sqrt(p * (1 - p) / kSamples);
    CHECK(std::abs(counts[to_text(all[i])] / static_cast<double>(kSamples) - p) < 5 * sd);
  }
}

TEST_CASE("nsga2 covers the front of a table better than random search does") {
  double ours = 0, random = 0;
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    ours += searched_area(nsga2_config(20, 20), seed) / 10;
    random += searched_area({.kind = ControllerKind::kRandom, .redraws = 20}, seed) / 10;
  }
  std::vector<Objectives> whole;
  for (int i = 0; i < 65536; ++i) {
    Genotype genotype;
    for (int rest = i, d = 0; d < 8; ++d, rest /= 4) genotype.push_back(rest % 4);
    whole.push_back(look_up(genotype));
  }
  const double best = dominated_area(whole);
  CHECK(ours <= best);
  CHECK(best - ours < 0.6 * (best - random));
}

TEST_CASE("nsga2 steps on from its saved state as if it had not stopped") {
  for (const int redraws : {0, 20}) {
    const auto config = nsga2_config(10, redraws);
    const auto original = make_controller(config, table_space(), 1);
    const auto step = [](Controller& controller, uint64_t id) {
      RandomStream stream(1, id, "sample");
      const auto genotypes = controller.sample(4, stream);
      std::vector<Objectives> objectives;
      for (const auto& genotype : genotypes) objectives.push_back(look_up(genotype));
      objectives[1].complete = false;
      test::observe(controller, genotypes, std::vector<double>(4, 0.0), {}, objectives);
      return genotypes;
    };
    for (uint64_t i = 0; i < 6; ++i) step(*original, i);
    const auto copy = make_controller(config, table_space(), 2);
    copy->restore(original->save());
    for (uint64_t i = 6; i < 12; ++i) CHECK(step(*original, i) == step(*copy, i));
    CHECK(original->save() == copy->save());
  }
}

TEST_CASE("nsga2 refuses rewards without objectives, and objectives that are not finite") {
  const auto controller = make_controller(nsga2_config(3), plain_space(), 1);
  const std::vector<Genotype> one = {{0, 0, 0, 0}};
  const std::vector<double> reward = {0.5};
  CHECK(error_of([&] { test::observe(*controller, one, reward); }) ==
        "controller: nsga2 learns from accuracy and latency, and observation 0 of the batch has "
        "none");
  const std::string before = controller->save();
  for (const double bad : {std::nan(""), std::numeric_limits<double>::infinity()}) {
    const std::vector<Objectives> objectives = {{0.5, bad, true}};
    CHECK_THAT(error_of([&] { test::observe(*controller, one, reward, {}, objectives); }),
               Catch::StartsWith("controller: objective 0 of the batch is not finite"));
  }
  CHECK(controller->save() == before);
}
