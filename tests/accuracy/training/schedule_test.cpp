#include "accuracy/training/schedule.h"

#include <cmath>

#include "tests/catch.h"

using namespace ridgeline;

namespace {

TrainingConfig with(ScheduleKind schedule, double warmup_epochs) {
  TrainingConfig config;
  config.learning_rate = 0.8;
  config.schedule = schedule;
  config.warmup_epochs = warmup_epochs;
  return config;
}

}  // namespace

TEST_CASE("Warm-up rises linearly to the peak") {
  const TrainingConfig config = with(ScheduleKind::kConstant, 0.4);  // 4 of 10 steps per epoch
  CHECK(learning_rate_at(config, 3, 10, 0) == Approx(0.2));
  CHECK(learning_rate_at(config, 3, 10, 1) == Approx(0.4));
  CHECK(learning_rate_at(config, 3, 10, 3) == Approx(0.8));
  CHECK(learning_rate_at(config, 3, 10, 4) == Approx(0.8));
  CHECK(learning_rate_at(config, 3, 10, 29) == Approx(0.8));
}

TEST_CASE("Cosine falls from the end of warm-up towards zero") {
  const TrainingConfig config = with(ScheduleKind::kCosine, 1.0);
  // 3 epochs of 4 steps: warm-up 0..3, then 8 steps; half-way at step 8.
  CHECK(learning_rate_at(config, 3, 4, 4) == Approx(0.8));
  CHECK(learning_rate_at(config, 3, 4, 6) == Approx(0.4 * (1 + std::sqrt(0.5))));
  CHECK(learning_rate_at(config, 3, 4, 8) == Approx(0.4));
  CHECK(learning_rate_at(config, 3, 4, 10) == Approx(0.4 * (1 - std::sqrt(0.5))));
}

TEST_CASE("Exponential is a staircase counted from the first step") {
  TrainingConfig config = with(ScheduleKind::kExponential, 0);
  config.decay_rate = 0.5;
  config.decay_epochs = 1.5;
  // 2 steps per epoch: a stair every 3 steps.
  CHECK(learning_rate_at(config, 10, 2, 0) == Approx(0.8));
  CHECK(learning_rate_at(config, 10, 2, 2) == Approx(0.8));
  CHECK(learning_rate_at(config, 10, 2, 3) == Approx(0.4));
  CHECK(learning_rate_at(config, 10, 2, 6) == Approx(0.2));
}

TEST_CASE("A warm-up longer than the training ends half-way") {
  const TrainingConfig config = with(ScheduleKind::kCosine, 100);
  CHECK(learning_rate_at(config, 2, 5, 4) == Approx(0.8));
  CHECK(learning_rate_at(config, 2, 5, 5) == Approx(0.8));
  CHECK(learning_rate_at(config, 2, 5, 9) < 0.1);
}
