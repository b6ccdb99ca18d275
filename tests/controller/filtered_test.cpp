#include "controller/filtered.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <mutex>

#include "controller/policy/make_controller.h"
#include "tests/catch.h"
#include "tests/controller/spaces.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

std::unique_ptr<Controller> random_controller() {
  ControllerConfig config;
  config.kind = ControllerKind::kRandom;
  config.redraws = 0;
  return make_controller(config, plain_space(), 1);
}

double filters_of(const Genotype& genotype) { return genotype.at(3); }

}  // namespace

TEST_CASE("of twice as many proposals the better half is proposed, in the order drawn") {
  const auto filtered = make_filtered(random_controller(), 0.5, filters_of);
  RandomStream stream(3, 0, "test"), same(3, 0, "test");
  const auto kept = filtered->sample(10, stream);
  const auto drawn = random_controller()->sample(20, same);
  std::vector<double> scores;
  for (const auto& genotype : drawn) scores.push_back(filters_of(genotype));
  std::sort(scores.begin(), scores.end(), std::greater<>());
  REQUIRE(kept.size() == 10);
  size_t place = 0;
  for (const auto& genotype : kept) {
    CHECK(filters_of(genotype) >= scores[9]);
    while (place < drawn.size() && drawn[place] != genotype) ++place;
    REQUIRE(place < drawn.size());
    ++place;
  }
}

TEST_CASE("a filter that keeps all changes nothing, and shares such as 0.1 are exact") {
  RandomStream stream(3, 0, "test"), same(3, 0, "test");
  CHECK(make_filtered(random_controller(), 1, filters_of)->sample(8, stream) ==
        random_controller()->sample(8, same));
  std::mutex mutex;
  std::map<Genotype, int> asked;
  const auto filtered = make_filtered(random_controller(), 0.1, [&](const Genotype& genotype) {
    const std::lock_guard lock(mutex);
    ++asked[genotype];
    return 0.0;
  });
  RandomStream other(4, 0, "test"), twin(4, 0, "test");
  const auto kept = filtered->sample(2, other);
  const auto drawn = random_controller()->sample(20, twin);
  CHECK(kept == std::vector<Genotype>(drawn.begin(), drawn.begin() + 2));  // all are equal
  CHECK(other.next() == twin.next());
  filtered->sample(2, other);
  for (const auto& [genotype, times] : asked) CHECK(times == 1);
}

TEST_CASE("a score that is no number comes last, and the filter adds nothing to the state") {
  const auto filtered = make_filtered(random_controller(), 0.25, [](const Genotype& genotype) {
    return genotype.at(0) == 0 ? std::numeric_limits<double>::quiet_NaN() : -1e300;
  });
  RandomStream stream(3, 0, "test");
  for (const auto& genotype : filtered->sample(5, stream)) CHECK(genotype.at(0) == 1);
  CHECK(filtered->save() == random_controller()->save());
}
