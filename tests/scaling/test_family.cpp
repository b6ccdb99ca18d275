#include "scaling/family.h"

#include <cmath>

#include "core/error.h"
#include "tests/catch.h"
#include "tests/scaling/planted.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

double latency(const Architecture& a) { return Plant{}.latency_ms(built(a)); }

/// Four layers and 24 filters: one more of either is a large step.
Architecture coarse_network() {
  Architecture a = base_network();
  a.stages[0].layers = 4;
  a.stages[0].filters = a.stem.filters = a.head.filters = 24;
  return a;
}

double coarse_latency(const Architecture& a) {
  return 10 * std::pow(a.stages[0].layers / 4.0, 0.9) * std::pow(a.stages[0].filters / 24.0, 1.2) *
         std::pow(a.resolution / 200.0, 2.2);
}

}  // namespace

TEST_CASE("a family has its members at each phi with their latencies, B0 being the base") {
  LacsConfig config;
  config.family = {0, 1, 2.5};
  config.mode = ScalingMode::kGiven;
  const auto family = make_family(base_network(), {1.2, 1.1, 1.15}, config, latency);
  REQUIRE(family.size() == 3);
  CHECK(family[0].name == "B0");
  CHECK(family[0].architecture == base_network());
  CHECK(family[0].latency_ms == Approx(10.0));
  CHECK(family[1].name == "B1");
  CHECK(family[1].architecture.stages[0].layers == 24);
  CHECK(family[1].architecture.stages[0].filters == 176);
  CHECK(family[1].architecture.resolution == 230);
  CHECK(family[1].latency_ms == latency(family[1].architecture));
  CHECK(family[2].phi == 2.5);
  CHECK(family[2].factors.depth == Approx(std::pow(1.2, 2.5)));
  CHECK(family[2].architecture.stages[0].layers == 32);  // ceil(20 * 1.577)
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
  config.grid.tolerance = 0.05;
  const LacsResult result = search_coefficients(base, config, callbacks);
  REQUIRE(result.family.size() == 3);
  CHECK(result.family[0].target_ms == Approx(base.resolution));
  CHECK(result.family[1].target_ms == Approx(1.5 * base.resolution));
  CHECK(result.family[2].target_ms == Approx(2.25 * base.resolution));
  CHECK_FALSE(result.family[0].accuracy.has_value());
  CHECK(result.family[1].accuracy == std::optional(0.7));
  CHECK_FALSE(result.family[2].accuracy.has_value());
}

TEST_CASE("members meet their targets to the pixel where depth and width come in large steps") {
  LacsConfig config;
  config.latency_ratio = 1.6;
  config.family = {0, 0.5, 1, 1.5, 2, 3};
  const CompoundCoefficients triple{1.2, 1.15, 1.05};
  double worst = 0;
  for (const auto& member : make_family(coarse_network(), triple, config, coarse_latency)) {
    CHECK(member.target_ms == Approx(10 * std::pow(1.6, member.phi)));
    // One pixel more or less is at most 1.1 %: the nearest is at most half of that off.
    CHECK(std::abs(deviation_from_target(member)) < 0.006);
    CHECK(member.latency_ms == coarse_latency(member.architecture));
    CHECK(member.architecture.resolution >= 200);
    CHECK(member.factors.resolution == Approx(member.architecture.resolution / 200.0));
  }
  config.fit_resolution = false;
  for (const auto& member : make_family(coarse_network(), triple, config, coarse_latency)) {
    CHECK(member.architecture == scale(coarse_network(), triple.at(member.phi)));
    worst = std::max(worst, std::abs(deviation_from_target(member)));
  }
  CHECK(worst > 0.1);  // what rounding does where nothing is fitted
}

TEST_CASE("the member of the level that was searched is the candidate that was chosen") {
  // Latency falls where the resolution becomes a multiple of 16, as on tiled hardware.
  Plant plant;
  LacsCallbacks tiled = callbacks_of(plant);
  tiled.latency_ms = [plant](const Architecture& a) {
    return plant.latency_ms(built(a)) * (a.resolution % 16 == 0 ? 0.93 : 1.0);
  };
  LacsConfig config = planted_config();
  config.grid.max_candidates = 5;
  const LacsResult result = search_coefficients(base_network(), config, tiled);
  CHECK(result.family[1].architecture == scale(base_network(), result.best.at(1)));
  CHECK(result.family[1].accuracy.has_value());
}

TEST_CASE("a family by latencies has the phi that leads to each") {
  LacsConfig config;
  const std::vector<double> targets = {10, 15, 20, 37.5};
  config.family_targets = targets;
  const CompoundCoefficients triple{1.25, 1.12, 1.1};
  const auto family = make_family(base_network(), triple, config, latency);
  REQUIRE(family.size() == 4);
  CHECK(family[0].architecture == base_network());
  for (size_t i = 0; i < family.size(); ++i) {
    CHECK(family[i].target_ms == targets[i]);
    CHECK(std::abs(deviation_from_target(family[i])) < 0.006);
    // ln(target / base) over ln(latency of one step of phi), without rounding
    const double phi =
        std::log(targets[i] / 10) / std::log(Plant{}.latency_ms({1.25, 1.12, 1.1}) / 10);
    CHECK(family[i].phi == Approx(phi).margin(0.25));
  }
}

TEST_CASE("a latency that no member has is refused with the range that the family reaches") {
  LacsConfig config;
  config.family_targets = std::vector<double>{9};
  const auto message = [&](const NetworkPrice& price) {
    return error_of([&] { make_family(base_network(), {1.2, 1.1, 1.1}, config, price); });
  };
  CHECK(contains(message(latency),
                 "no member of 9.00 ms (scaling.family_targets): it reaches "
                 "from 10.0 ms, the base network's, to "));
  config.family_targets = std::vector<double>{1e9};
  CHECK(contains(message(latency), "no member of"));
  config.family_targets = std::vector<double>{100};
  const auto limited = [](const Architecture& a) {
    if (a.resolution > 250) throw Error(ErrorKind::kInfeasible, "out of memory");
    return latency(a);
  };
  CHECK(contains(message(limited), "no member of 100"));
}

TEST_CASE("a member that is over a limit, or does not fit, says how far the family reaches") {
  LacsConfig config;
  config.mode = ScalingMode::kGiven;
  config.family = {0, 1, 4};
  const NetworkLimit limit = [](const Architecture& a) -> std::optional<std::string> {
    if (a.resolution <= 250) return std::nullopt;
    return std::to_string(a.resolution) + " px are over the limit of 250";
  };
  const auto family = make_family(base_network(), {1.2, 1.1, 1.1}, config, latency, limit);
  CHECK(family[1].over_limit.empty());
  CHECK(contains(family[2].over_limit,
                 "its 292 px are over the limit of 250 (reward.limits); "
                 "members up to phi 2.38 ("));  // 200 * 1.1^2.38 = 250.9
  const auto fits = [](const Architecture& a) {
    if (a.resolution > 250) throw Error(ErrorKind::kInfeasible, "out of memory");
    return latency(a);
  };
  const auto unfit = make_family(base_network(), {1.2, 1.1, 1.1}, config, fits);
  CHECK(contains(unfit[2].over_limit, "it does not fit the device; members up to phi 2.38"));
}
