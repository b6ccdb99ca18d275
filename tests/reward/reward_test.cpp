#include "reward/reward.h"

#include <cmath>
#include <limits>

#include "core/error.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using test::contains;
using test::error_of;

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

ErrorKind kind_of(const RewardConfig& config) {
  try {
    const Reward reward(config);
  } catch (const Error& error) {
    return error.kind();
  }
  FAIL("the configuration was accepted");
  return ErrorKind::kInternal;
}

Reward of_kind(RewardKind kind, std::optional<double> beta = {}) {
  return Reward({.kind = kind, .target_ms = 10, .beta = beta});
}

}  // namespace

TEST_CASE("the soft reward is the accuracy at the target") {
  const Reward reward({.target_ms = 10});
  CHECK(reward(0.8, 10) == Approx(0.8));
  CHECK(reward(0, 10) == 0);
}

TEST_CASE("the soft reward with the paper's exponent gives 6.4 % per latency doubling") {
  const Reward reward({.target_ms = 10});
  CHECK(reward(0.8, 5) == Approx(0.8 * 1.0643702).epsilon(1e-7));   // 2^0.09
  CHECK(reward(0.8, 20) == Approx(0.8 * 0.9395228).epsilon(1e-7));  // 2^-0.09
}

TEST_CASE("the soft reward with w = -1 is accuracy per latency") {
  const Reward reward({.target_ms = 4, .w = -1});
  CHECK(reward(0.5, 1) == Approx(2.0));
  CHECK(reward(0.5, 8) == Approx(0.25));
}

TEST_CASE("the soft reward with w = 0 leaves the latency out") {
  const Reward reward({.target_ms = 4, .w = 0});
  CHECK(reward(0.5, 1) == 0.5);
  CHECK(reward(0.5, 400) == 0.5);
}

TEST_CASE("alpha and beta take the place of w below and above the target") {
  const Reward reward({.target_ms = 10, .alpha = -0.5, .beta = -2});
  CHECK(reward(0.4, 2.5) == Approx(0.8));  // 0.25^-0.5 = 2
  CHECK(reward(0.4, 20) == Approx(0.1));
  const Reward above({.target_ms = 10, .w = -1, .beta = -2});
  CHECK(above(0.4, 5) == Approx(0.8));
  CHECK(above(0.4, 20) == Approx(0.1));
}

TEST_CASE("the hard reward gives no bonus up to the target and divides above it") {
  const Reward reward = of_kind(RewardKind::kMnasHard);
  CHECK(reward(0.8, 2) == 0.8);
  CHECK(reward(0.8, 10) == 0.8);
  CHECK(reward(0.8, 20) == Approx(0.4));
  CHECK(reward(0.8, 25) == Approx(0.32));
}

TEST_CASE("the hard reward ignores the soft exponent and uses its own") {
  const Reward reward(
      {.kind = RewardKind::kMnasHard, .target_ms = 10, .w = -5, .hard_exponent = -2});
  CHECK(reward(0.8, 20) == Approx(0.2));
  CHECK(of_kind(RewardKind::kMnasHard, -2)(0.8, 20) == Approx(0.2));
}

TEST_CASE("the reward of TuNAS is highest at the target and falls evenly to both sides") {
  const Reward reward = of_kind(RewardKind::kTunas, -0.07);
  CHECK(reward(0.8, 10) == 0.8);
  CHECK(reward(0.8, 5) == Approx(0.8 - 0.035));
  CHECK(reward(0.8, 15) == Approx(0.8 - 0.035));
  CHECK(reward(0.1, 40) == Approx(0.1 - 0.21));
  CHECK(of_kind(RewardKind::kTunas)(0.8, 20) == Approx(0.7));
}

TEST_CASE("the weighted sum subtracts the latency in units of the target") {
  const Reward reward = of_kind(RewardKind::kWeightedSum, -0.2);
  CHECK(reward(0.8, 10) == Approx(0.6));
  CHECK(reward(0.8, 5) == Approx(0.7));
  CHECK(reward(0.3, 40) == Approx(-0.5));
}

TEST_CASE("a constraint gives the accuracy within it and less than any accuracy outside") {
  const Reward reward = of_kind(RewardKind::kConstraint);
  CHECK(reward(0.8, 2) == 0.8);
  CHECK(reward(0.8, 10) == 0.8);
  CHECK(reward(0.8, 20) == Approx(-0.5));  // v = 1
  CHECK(reward(1.0, 20) == reward(0.1, 20));
  CHECK(reward(0.9, std::nextafter(10.0, 11.0)) < reward(0, 9));
  CHECK(reward(0.9, 1e9) < reward(0.9, 11));
  CHECK(reward(0.9, 1e9) >= -1);
}

TEST_CASE("a constraint adds up the excesses over its limits") {
  RewardConfig config{.kind = RewardKind::kConstraint, .target_ms = 10};
  config.limits = {.params = 100, .madds = 1000, .memory_mib = 4};
  const Reward reward(config);
  CHECK(reward(0.8, {.latencies_ms = {10}, .params = 100, .madds = 1000, .memory_mib = 4}) == 0.8);
  // 0.5 + 0.25 + 1 + 0.25 = 2
  CHECK(reward(0.8, {.latencies_ms = {15}, .params = 125, .madds = 2000, .memory_mib = 5}) ==
        Approx(-2.0 / 3));
}

TEST_CASE("what is over a limit is excluded by name in every kind") {
  for (const auto kind : {RewardKind::kMnasSoft, RewardKind::kTunas, RewardKind::kConstraint}) {
    RewardConfig config{.kind = kind, .target_ms = 10};
    config.limits = {.params = 5e6, .madds = 600e6, .memory_mib = 32};
    const Reward reward(config);
    CHECK_FALSE(
        reward.exclusion({.latencies_ms = {10}, .params = 5e6, .madds = 6e8, .memory_mib = 32})
            .has_value());
    CHECK(reward.exclusion({.latencies_ms = {5}, .params = 6.1e6}) ==
          "6.10M parameters are over the limit of 5.00M");
    CHECK(reward.exclusion({.latencies_ms = {5}, .madds = 601e6}) ==
          "601.0M multiply-adds are over the limit of 600.0M");
    CHECK(reward.exclusion({.latencies_ms = {5}, .memory_mib = 48}) ==
          "48.00 MiB of memory are over the limit of 32.00 MiB");
    CHECK(reward.exclusion({.latencies_ms = {12}}).has_value() ==
          (kind == RewardKind::kConstraint));
  }
}

TEST_CASE("of several accelerators the worst counts, or the product") {
  RewardConfig config{.target_ms = 10, .w = -1};
  const RewardCosts costs{.latencies_ms = {5, 8}};  // half, and twice the target
  CHECK(Reward(config, "reward", {{"tpu", 4}})(0.4, costs) == Approx(0.2));
  config.combine = RewardCombination::kProduct;
  CHECK(Reward(config, "reward", {{"tpu", 4}})(0.4, costs) == Approx(0.4));
  config = {.kind = RewardKind::kTunas, .target_ms = 10, .beta = -0.1};
  CHECK(Reward(config, "reward", {{"tpu", 4}})(0.4, costs) == Approx(0.3));
  config.combine = RewardCombination::kProduct;
  CHECK(Reward(config, "reward", {{"tpu", 4}})(0.4, costs) == Approx(0.25));
  config = {.kind = RewardKind::kConstraint, .target_ms = 10};
  CHECK(Reward(config, "reward", {{"tpu", 8}})(0.4, costs) == 0.4);
  CHECK(Reward(config, "reward", {{"tpu", 4}})(0.4, costs) == Approx(-0.5));
  CHECK(Reward(config, "reward", {{"tpu", 4}}).exclusion(costs) ==
        "latency 8.00 ms on tpu is over the target of 4.00 ms");
  CHECK(Reward({.target_ms = 10}, "reward", {{"tpu", 4}}).equation() ==
        "ACC x (LAT / 10.0 ms)^-0.09, worst of this and of tpu at 4.00 ms");
  CHECK(contains(error_of([&] {
                   Reward(config, "reward", {{"tpu", 4}})(0.4, 5);
                 }),
                 "1 latencies for 2 targets"));
  CHECK(contains(error_of([&] {
                   Reward(config, "reward", {{"tpu", 0}});
                 }),
                 "must be a positive latency"));
}

TEST_CASE("a failure is told what a useless, slow network would be, and never more") {
  CHECK(of_kind(RewardKind::kMnasSoft).failure(4) == 0);
  CHECK(of_kind(RewardKind::kMnasHard).failure(4) == 0);
  CHECK(of_kind(RewardKind::kTunas).failure(4) == Approx(-0.3));
  CHECK(of_kind(RewardKind::kWeightedSum).failure(4) == Approx(-0.4));
  CHECK(of_kind(RewardKind::kConstraint).failure(4) == -1);
}

TEST_CASE("a positive exponent is refused with the meaning of the sign") {
  CHECK(error_of([] { Reward({.w = 0.09}, "search.yaml:7:3: reward"); }) ==
        "search.yaml:7:3: reward: w must be negative: (LAT/T)^w with w > 0 would reward slowness; "
        "the paper uses -0.09; got 0.09");
  CHECK(error_of([] { Reward({.hard_exponent = 1}); }) ==
        "reward: hard_exponent must be negative: (LAT/T)^hard_exponent is the penalty above the "
        "target, and only a negative exponent makes it one; MnasNet uses -1; got 1");
  CHECK(kind_of({.w = 0.09}) == ErrorKind::kConfig);
  CHECK(kind_of({.hard_exponent = 0}) == ErrorKind::kConfig);
  CHECK(kind_of({.w = kNan}) == ErrorKind::kConfig);
}

TEST_CASE("alpha and beta of the wrong sign are refused in every kind that has them") {
  CHECK(contains(error_of([] { Reward({.alpha = 0.1}); }), "alpha must be 0 or negative"));
  CHECK(contains(error_of([] { Reward({.beta = 0.1}); }), "beta must be negative: (LAT/T)^beta"));
  for (const auto kind : {RewardKind::kMnasHard, RewardKind::kTunas, RewardKind::kWeightedSum}) {
    for (const double beta : {0.1, 0.0, kNan}) {
      CHECK(kind_of({.kind = kind, .beta = beta}) == ErrorKind::kConfig);
    }
  }
  CHECK(contains(error_of([] { of_kind(RewardKind::kTunas, 0.1); }),
                 "weighs the latency against the accuracy"));
}

TEST_CASE("two keys that contradict are refused") {
  CHECK(contains(
      error_of([] { Reward({.kind = RewardKind::kMnasHard, .beta = -3, .hard_exponent = -2}); }),
      "beta contradicts hard_exponent, which is -2"));
}

TEST_CASE("a target that is no latency is refused, and a limit that is no amount") {
  CHECK(error_of([] { Reward({.target_ms = 0}); }) ==
        "reward: target_ms must be a positive latency in milliseconds; got 0");
  CHECK(kind_of({.target_ms = -1}) == ErrorKind::kConfig);
  CHECK(kind_of({.target_ms = kInfinity}) == ErrorKind::kConfig);
  RewardConfig config;
  config.limits.madds = -5;
  CHECK(contains(error_of([&] { Reward{config}; }), "limits.madds must be a positive number"));
}

TEST_CASE("an accuracy that is no fraction is refused") {
  for (const auto kind : {RewardKind::kMnasSoft, RewardKind::kTunas, RewardKind::kConstraint}) {
    const Reward reward = of_kind(kind);
    CHECK(error_of([&] { reward(kNan, 5); }) == "reward: accuracy nan is not a fraction in [0, 1]");
    CHECK(error_of([&] { reward(76.3, 5); }) ==
          "reward: accuracy 76.3 is not a fraction in [0, 1]");
    CHECK(error_of([&] { reward(-0.5, 5); }) ==
          "reward: accuracy -0.5 is not a fraction in [0, 1]");
  }
}

TEST_CASE("a latency that is no time is refused") {
  for (const auto kind : {RewardKind::kMnasSoft, RewardKind::kTunas, RewardKind::kConstraint}) {
    const Reward reward = of_kind(kind);
    CHECK(error_of([&] { reward(0.5, 0); }) ==
          "reward: latency 0 ms is not a positive, finite time");
    CHECK(error_of([&] { reward(0.5, -2); }) ==
          "reward: latency -2 ms is not a positive, finite time");
    CHECK(error_of([&] { reward(0.5, kNan); }) ==
          "reward: latency nan ms is not a positive, finite time");
    CHECK(error_of([&] { reward(0.5, kInfinity); }) ==
          "reward: latency inf ms is not a positive, finite time");
  }
}

TEST_CASE("a reward says its equation with its figures") {
  CHECK(of_kind(RewardKind::kMnasSoft).equation() == "ACC x (LAT / 10.0 ms)^-0.09");
  CHECK(of_kind(RewardKind::kMnasHard).equation() ==
        "ACC x (LAT / 10.0 ms)^-1 above the target, ^0 below");
  CHECK(of_kind(RewardKind::kTunas).equation() == "ACC - 0.1 x |LAT / 10.0 ms - 1|");
  CHECK(of_kind(RewardKind::kConstraint).equation() == "ACC where LAT <= 10.0 ms, else below 0");
}

TEST_CASE("a target matters to the ranking unless it is a constant factor of every reward") {
  CHECK_FALSE(of_kind(RewardKind::kMnasSoft).targets_matter());
  CHECK_FALSE(Reward({.w = -0.07, .combine = RewardCombination::kProduct}, "reward", {{"tpu", 5}})
                  .targets_matter());
  CHECK_FALSE(Reward({.w = 0}, "reward", {{"tpu", 5}}).targets_matter());
  CHECK(Reward({.w = -0.07}, "reward", {{"tpu", 5}}).targets_matter());
  CHECK(Reward({.alpha = -0.05}).targets_matter());
  for (const RewardKind kind : {RewardKind::kMnasHard, RewardKind::kTunas, RewardKind::kWeightedSum,
                                RewardKind::kConstraint})
    CHECK(of_kind(kind).targets_matter());
}
