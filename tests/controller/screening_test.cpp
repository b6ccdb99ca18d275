#include "controller/screening.h"

#include <cmath>
#include <set>

#include "controller/policy/make_controller.h"
#include "core/error.h"
#include "tests/catch.h"
#include "tests/controller/spaces.h"
#include "tests/support.h"

using namespace ridgeline;
using test::decision;
using test::error_of;

namespace {

/// 4^16 points.
std::vector<Decision> wide_space() {
  std::vector<Decision> decisions;
  for (int d = 0; d < 16; ++d) decisions.push_back(decision("d" + std::to_string(d), 4));
  return decisions;
}

/// Each decision adds by its choice, and neighbours that agree add more; at most
/// 16 x 3 + 15.
double worth(const Genotype& genotype) {
  double sum = 0;
  for (size_t d = 0; d < genotype.size(); ++d) {
    sum += (genotype[d] + static_cast<int>(d)) % 4;
    if (d > 0 && genotype[d] == genotype[d - 1]) sum += 1;
  }
  return sum;
}

template <class Function>
std::vector<double> values_of(const std::vector<Genotype>& genotypes, const Function& function) {
  std::vector<double> values;
  for (const auto& genotype : genotypes) values.push_back(function(genotype));
  return values;
}

ControllerConfig cheap(int screening) {
  ControllerConfig config{.policy = {.kind = PolicyKind::kFactorised}};
  config.screening = screening;
  return config;
}

/// The proposals of `batches` batches of 8, with their worth observed.
std::vector<Genotype> search(Controller& controller, uint64_t seed, uint64_t first,
                             uint64_t batches) {
  std::vector<Genotype> proposed;
  for (uint64_t batch = first; batch < first + batches; ++batch) {
    RandomStream stream(seed, batch, "sample");
    const auto genotypes = controller.sample(8, stream);
    test::observe(controller, genotypes, values_of(genotypes, worth));
    proposed.insert(proposed.end(), genotypes.begin(), genotypes.end());
  }
  return proposed;
}

double mean_best(int screening, uint64_t seeds, uint64_t batches) {
  double sum = 0;
  for (uint64_t seed = 1; seed <= seeds; ++seed) {
    const auto controller = make_controller(cheap(screening), wide_space(), seed);
    const auto values = values_of(search(*controller, seed, 0, batches), worth);
    sum += *std::max_element(values.begin(), values.end());
  }
  return sum / static_cast<double>(seeds);
}

}  // namespace

TEST_CASE("screened proposals find more in as many trials") {
  const double plain = mean_best(1, 10, 12);
  const double screened = mean_best(4, 10, 12);
  CAPTURE(plain, screened);
  CHECK(screened > plain);
}

TEST_CASE("until 16 rewards are known, proposals are the draws themselves") {
  const auto plain = make_controller(cheap(1), wide_space(), 1);
  const auto screened = make_controller(cheap(4), wide_space(), 1);
  CHECK(search(*plain, 1, 0, 2) == search(*screened, 1, 0, 2));
  CHECK(search(*plain, 1, 2, 1) != search(*screened, 1, 2, 1));
}

TEST_CASE(
    "a screened controller restored or replayed proposes as the original, also when it has "
    "forgotten trials") {
  const auto original = make_controller(cheap(3), wide_space(), 1);
  const auto observed = search(*original, 1, 0, 40);  // 320 trials
  const auto restored = make_controller(cheap(3), wide_space(), 2);
  restored->restore(original->save());
  const auto replayed = make_controller(cheap(3), wide_space(), 1);
  for (size_t first = 0; first < observed.size(); first += 8) {
    const std::vector<Genotype> batch(observed.begin() + static_cast<std::ptrdiff_t>(first),
                                      observed.begin() + static_cast<std::ptrdiff_t>(first + 8));
    test::observe(*replayed, batch, values_of(batch, worth));
  }
  CHECK(restored->save() == original->save());
  CHECK(replayed->save() == original->save());
  const auto next = search(*original, 1, 40, 2);
  CHECK(search(*restored, 1, 40, 2) == next);
  CHECK(search(*replayed, 1, 40, 2) == next);
}

TEST_CASE("a screened controller proposes nothing that it knows, pends or proposes already") {
  const auto controller = make_controller(cheap(8), test::plain_space(), 1);  // 48 points
  std::set<Genotype> observed;
  for (uint64_t batch = 0; batch < 3; ++batch) {
    RandomStream stream(1, batch, "sample");
    for (const auto& genotype : controller->sample(8, stream)) {
      CHECK(observed.insert(genotype).second);
      test::observe(*controller, {genotype}, {worth(genotype)});
    }
  }
  for (uint64_t batch = 3; batch < 6; ++batch) {
    RandomStream stream(1, batch, "sample");
    const auto pending = controller->sample(4, stream);
    for (const auto& genotype : pending) CHECK(observed.insert(genotype).second);
    controller->add_pending(pending);
  }
}

TEST_CASE(
    "a controller that gets all proposals again and is then restored proposes as the original") {
  const auto original = make_controller(cheap(8), wide_space(), 1);
  const auto observed = search(*original, 1, 0, 3);
  RandomStream stream(1, 3, "sample");
  const auto pending = original->sample(5, stream);
  original->add_pending(pending);
  // As a resumed asynchronous search does it.
  const auto resumed = make_controller(cheap(8), wide_space(), 1);
  resumed->add_pending(observed);
  resumed->add_pending(pending);
  resumed->restore(original->save());
  const auto next = [](Controller& controller) {
    RandomStream own(1, 4, "sample");
    return controller.sample(5, own);
  };
  const auto expected = next(*original);
  CHECK(next(*resumed) == expected);
  // What runs counts as tried: without it others are proposed.
  const auto idle = make_controller(cheap(8), wide_space(), 1);
  idle->restore(original->save());
  CHECK(next(*idle) != expected);
}

TEST_CASE("a screened controller goes on proposing where it knows the whole space") {
  const auto controller = make_controller(cheap(8), test::conditional_space(), 1);  // 12 points
  for (uint64_t batch = 0; batch < 6; ++batch) {
    RandomStream stream(1, batch, "sample");
    const auto genotypes = controller->sample(5, stream);
    REQUIRE(genotypes.size() == 5);
    test::observe(*controller, genotypes, std::vector<double>(5, 0.5));
  }
}

TEST_CASE("a screened controller learns what fails and proposes little of it") {
  // Ten of sixteen points fail.
  const auto fails = [](const Genotype& genotype) { return genotype[0] + genotype[1] > 2; };
  int failed = 0;
  const auto controller = make_controller(cheap(32), wide_space(), 1);
  for (uint64_t batch = 0; batch < 12; ++batch) {
    RandomStream stream(1, batch, "sample");
    const auto genotypes = controller->sample(8, stream);
    std::vector<Observation> observations;
    for (const auto& genotype : genotypes) {
      const bool complete = !fails(genotype);
      if (batch >= 6 && !complete) ++failed;
      observations.push_back({.genotype = genotype,
                              .reward = complete ? worth(genotype) : 0,
                              .objectives = Objectives{0.5, 1, complete}});
    }
    controller->update(observations);
  }
  CHECK(failed < 48 / 8);
}

TEST_CASE("screening is on where trials cost something and a reward is searched for") {
  const auto settled = [](ControllerKind kind, bool free_trials) {
    ControllerConfig config{.kind = kind};
    choose_screening(free_trials, config);
    return config.screening.value_or(-1);
  };
  CHECK(settled(ControllerKind::kReinforce, false) == 32);
  CHECK(settled(ControllerKind::kEvolution, false) == 32);
  CHECK(settled(ControllerKind::kReinforce, true) == 1);
  CHECK(settled(ControllerKind::kRandom, false) == 1);
  CHECK(settled(ControllerKind::kNsga2, false) == 1);
  ControllerConfig as_drawn{.redraws = 0};
  choose_screening(false, as_drawn);
  CHECK(as_drawn.screening == 1);
  ControllerConfig given = cheap(7);
  choose_screening(false, given);
  CHECK(given.screening == 7);
}

TEST_CASE("screening is refused where it has no meaning or is out of range") {
  const auto refusal = [](ControllerKind kind, int screening) {
    ControllerConfig config{.kind = kind};
    config.screening = screening;
    return error_of([&] { make_controller(config, wide_space(), 1); });
  };
  CHECK(refusal(ControllerKind::kRandom, 4) ==
        "controller.screening: must be 1 with kind random, the baseline that learns nothing");
  CHECK(refusal(ControllerKind::kNsga2, 4) ==
        "controller.screening: must be 1 with kind nsga2, which wants a front and not the highest "
        "reward");
  CHECK(refusal(ControllerKind::kReinforce, 0) ==
        "controller.screening: 0 is out of range; valid: 1 to 1000");
}
