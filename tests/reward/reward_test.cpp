#include "reward/reward.h"

#include <cmath>
#include <limits>

#include "core/error.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
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

TEST_CASE("the hard constraint gives no bonus up to the target and divides above it") {
  const Reward reward({.kind = RewardKind::kHardConstraint, .target_ms = 10});
  CHECK(reward(0.8, 2) == 0.8);
  CHECK(reward(0.8, 10) == 0.8);
  CHECK(reward(0.8, 20) == Approx(0.4));
  CHECK(reward(0.8, 25) == Approx(0.32));
}

TEST_CASE("the hard constraint ignores the soft exponent and uses its own") {
  const Reward reward(
      {.kind = RewardKind::kHardConstraint, .target_ms = 10, .w = -5, .hard_exponent = -2});
  CHECK(reward(0.8, 20) == Approx(0.2));
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

TEST_CASE("a target that is no latency is refused") {
  CHECK(error_of([] { Reward({.target_ms = 0}); }) ==
        "reward: target_ms must be a positive latency in milliseconds; got 0");
  CHECK(kind_of({.target_ms = -1}) == ErrorKind::kConfig);
  CHECK(kind_of({.target_ms = kInfinity}) == ErrorKind::kConfig);
}

TEST_CASE("an accuracy that is no fraction is refused") {
  const Reward reward({});
  CHECK(error_of([&] { reward(kNan, 5); }) == "reward: accuracy nan is not a fraction in [0, 1]");
  CHECK(error_of([&] { reward(76.3, 5); }) == "reward: accuracy 76.3 is not a fraction in [0, 1]");
  CHECK(error_of([&] { reward(-0.5, 5); }) == "reward: accuracy -0.5 is not a fraction in [0, 1]");
}

TEST_CASE("a latency that is no time is refused") {
  const Reward reward({});
  CHECK(error_of([&] { reward(0.5, 0); }) == "reward: latency 0 ms is not a positive, finite time");
  CHECK(error_of([&] { reward(0.5, -2); }) ==
        "reward: latency -2 ms is not a positive, finite time");
  CHECK(error_of([&] { reward(0.5, kNan); }) ==
        "reward: latency nan ms is not a positive, finite time");
  CHECK(error_of([&] { reward(0.5, kInfinity); }) ==
        "reward: latency inf ms is not a positive, finite time");
}
