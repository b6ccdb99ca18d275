#include <cmath>
#include <map>

#include "controller/controller.h"
#include "controller/policy/make_controller.h"
#include "core/error.h"
#include "tests/catch.h"
#include "tests/controller/spaces.h"
#include "tests/support.h"

using namespace ridgeline;
using test::conditional_space;
using test::plain_space;

namespace {

std::unique_ptr<Controller> evolution(const std::vector<Decision>& decisions, int population,
                                      int tournament) {
  return make_controller({.kind = ControllerKind::kEvolution,
                          .population = population,
                          .tournament = tournament,
                          .redraws = 0},
                         decisions, 1);
}

size_t differences(const Genotype& a, const Genotype& b) {
  size_t count = 0;
  for (size_t d = 0; d < a.size(); ++d) count += a[d] != b[d];
  return count;
}

}  // namespace

TEST_CASE("evolution proposes uniformly until its population is full, then children of the best") {
  const auto controller = evolution(plain_space(), 3, 50);
  RandomStream stream(3);
  std::map<std::string, int> counts;
  for (const auto& genotype : controller->sample(2000, stream)) ++counts[to_text(genotype)];
  CHECK(counts.size() == 48);
  const std::vector<Genotype> members = {{0, 0, 0, 0}, {1, 2, 1, 3}, {0, 1, 0, 1}};
  test::observe(*controller, members, std::vector<double>{0.1, 0.9, 0.2});
  // Fifty draws of three miss the best with probability 2e-9.
  for (const auto& genotype : controller->sample(200, stream)) {
    CHECK(differences(genotype, members[1]) == 1);
  }
}

TEST_CASE("the oldest of the population dies, however good it was") {
  const auto controller = evolution(plain_space(), 2, 50);
  const std::vector<Genotype> observed = {{0, 0, 0, 0}, {1, 2, 1, 3}, {1, 2, 1, 0}};
  test::observe(*controller, observed, std::vector<double>{0.9, 0.1, 0.2});
  RandomStream stream(3);
  for (const auto& genotype : controller->sample(50, stream)) {
    CHECK(differences(genotype, observed[2]) == 1);
  }
}

TEST_CASE("a child of a conditional space is valid and stays its parent where it can") {
  const auto decisions = conditional_space();
  const auto controller = evolution(decisions, 2, 1);
  const std::vector<Genotype> members = {{1, 4, 0}, {0, kInactive, 1}};
  test::observe(*controller, members, std::vector<double>{0.5, 0.5});
  RandomStream stream(5);
  for (const auto& genotype : controller->sample(200, stream)) {
    CHECK_NOTHROW(check_genotype(decisions, genotype));
    const bool from_first = genotype[2] == 0 || genotype[1] == 4;
    CHECK((from_first || genotype[2] == 1));
  }
}

TEST_CASE("evolution's probabilities of all genotypes add up to 1 and are what it draws") {
  const auto controller = evolution(conditional_space(), 3, 2);
  const std::vector<Genotype> members = {{1, 4, 0}, {0, kInactive, 1}, {1, 2, 1}};
  test::observe(*controller, members, std::vector<double>{0.3, 0.5, 0.5});
  std::vector<Genotype> all;
  for (int skip = 0; skip < 2; ++skip) {
    all.push_back({0, kInactive, skip});
    for (int block = 0; block < 5; ++block) all.push_back({1, block, skip});
  }
  const auto log_prob = controller->log_probabilities(all);
  RandomStream stream(8);
  const int draws = 20000;
  std::map<std::string, int> counts;
  for (const auto& genotype : controller->sample(draws, stream)) ++counts[to_text(genotype)];
  double sum = 0;
  for (size_t i = 0; i < all.size(); ++i) {
    const double p = std::exp(log_prob[i]);
    sum += p;
    const double deviation = std::sqrt(draws * p * (1 - p));
    CHECK(std::abs(counts[to_text(all[i])] - draws * p) <= 4 * deviation);
  }
  CHECK(sum == Approx(1));
}

TEST_CASE("evolution finds the best point of a plain space") {
  const auto controller = evolution(plain_space(), 10, 3);
  double best = 0;
  for (uint64_t batch = 0; batch < 40; ++batch) {
    RandomStream stream(21, batch, "sample");
    const auto genotypes = controller->sample(5, stream);
    std::vector<double> rewards;
    for (const auto& g : genotypes) {
      rewards.push_back(0.2 * (g[0] == 1) + 0.2 * (g[1] == 2) + 0.2 * (g[2] == 0) +
                        0.4 * (g[3] == 3));
      best = std::max(best, rewards.back());
    }
    test::observe(*controller, genotypes, rewards);
  }
  CHECK(best == Approx(1));
}

TEST_CASE("a restored evolution proposes what the original proposes") {
  const auto original = evolution(conditional_space(), 4, 2);
  const auto copy = evolution(conditional_space(), 4, 2);
  for (uint64_t batch = 0; batch < 5; ++batch) {
    RandomStream stream(2, batch, "sample");
    const auto genotypes = original->sample(3, stream);
    test::observe(*original, genotypes,
                  std::vector<double>{0.1, 0.2, 0.1 * static_cast<double>(batch)});
  }
  copy->restore(original->save());
  RandomStream first(9);
  RandomStream second(9);
  CHECK(copy->sample(20, first) == original->sample(20, second));
  CHECK(copy->save() == original->save());
  const std::string damaged = original->save().substr(0, 60);
  CHECK_THAT(test::error_of([&] { copy->restore(damaged); }), Catch::Contains("truncated"));
  CHECK(copy->save() == original->save());
}
