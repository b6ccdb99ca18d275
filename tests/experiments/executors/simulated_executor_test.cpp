#include "experiments/executors/simulated_executor.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "tests/catch.h"
#include "tests/experiments/small_run.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

class ConstantEvaluator : public AccuracyEvaluator {
 public:
  Evaluation evaluate(const TrialSpec&) override { return {.accuracy = 0.5, .message = {}}; }
};

std::vector<TrialResult> drain(SimulatedExecutor& executor) {
  std::vector<TrialResult> results;
  while (auto result = executor.next(std::chrono::milliseconds(0))) results.push_back(*result);
  return results;
}

}  // namespace

TEST_CASE("equally long trials keep virtual workers busy in rounds") {
  ConstantEvaluator evaluator;
  SimulatedExecutor executor({.workers = 2, .mean_s = 10, .sigma = 0, .time_limit_s = 100},
                             evaluator);
  for (uint64_t id = 0; id < 3; ++id) executor.submit(job_of(id));
  CHECK(executor.in_flight() == 3);
  const auto results = drain(executor);
  REQUIRE(results.size() == 3);
  CHECK(results[0].id == 0);
  CHECK(results[0].evaluation.seconds == 10);
  CHECK(results[2].evaluation.accuracy == 0.5);
  CHECK(executor.busy_s() == std::vector<double>{20, 10});
  const Utilisation used = executor.utilisation();
  CHECK(used.wall_s == 20);
  CHECK(used.busy_share == 0.75);  // the second worker has nothing to do in the second round
  CHECK(used.fed_s == 10);
  CHECK(used.fed_busy_share == 1);
}

TEST_CASE("virtual trials end in the order of their ends, and a simulation can be repeated") {
  const auto simulate = [] {
    ConstantEvaluator evaluator;
    SimulatedExecutor executor({.workers = 4, .failure_share = 0.2}, evaluator);
    for (uint64_t id = 0; id < 40; ++id) executor.submit(job_of(id));
    std::vector<std::pair<uint64_t, double>> ends;
    double last = 0;
    while (auto result = executor.next(std::chrono::milliseconds(0))) {
      CHECK(executor.now_s() >= last);
      last = executor.now_s();
      ends.emplace_back(result->id, last);
    }
    return ends;
  };
  const auto ends = simulate();
  CHECK(ends.size() == 40);
  CHECK(simulate() == ends);
}

TEST_CASE("durations have the configured mean and failures the configured share") {
  ConstantEvaluator evaluator;
  const SimulationConfig config{
      .workers = 50, .mean_s = 60, .sigma = 0.75, .time_limit_s = 1e9, .failure_share = 0};
  SimulatedExecutor executor(config, evaluator);
  for (uint64_t id = 0; id < 20000; ++id) executor.submit(job_of(id));
  double sum = 0;
  for (const auto& result : drain(executor)) sum += result.evaluation.seconds;
  CHECK(sum / 20000 == Approx(60).epsilon(0.03));  // 0.5 % is one standard error
  const auto busy = executor.busy_s();
  CHECK(std::accumulate(busy.begin(), busy.end(), 0.0) == Approx(sum).epsilon(1e-9));

  SimulatedExecutor failing({.workers = 50, .sigma = 0, .failure_share = 0.1}, evaluator);
  for (uint64_t id = 0; id < 20000; ++id) failing.submit(job_of(id));
  std::map<TrialStatus, int> counts;
  for (const auto& result : drain(failing)) {
    ++counts[result.evaluation.status];
    if (result.evaluation.status == TrialStatus::kTimeOut)
      CHECK(result.evaluation.seconds == Approx(600));
  }
  CHECK(counts[TrialStatus::kCrashed] == Approx(1000).epsilon(0.15));
  CHECK(counts[TrialStatus::kTimeOut] == Approx(1000).epsilon(0.15));
}

TEST_CASE("another attempt of a simulated trial has its own fate") {
  ConstantEvaluator evaluator;
  SimulatedExecutor executor({.workers = 2}, evaluator);
  executor.submit(job_of(7, 0));
  executor.submit(job_of(7, 1));
  const auto results = drain(executor);
  REQUIRE(results.size() == 2);
  CHECK(results[0].evaluation.seconds != results[1].evaluation.seconds);
}

TEST_CASE("a cancelled virtual trial gives no result and frees its worker") {
  ConstantEvaluator evaluator;
  SimulatedExecutor executor({.workers = 1, .mean_s = 10, .sigma = 0}, evaluator);
  for (uint64_t id = 0; id < 3; ++id) executor.submit(job_of(id));
  executor.cancel(0);  // runs
  executor.cancel(2);  // waits
  executor.cancel(9);  // unknown
  const auto results = drain(executor);
  REQUIRE(results.size() == 1);
  CHECK(results[0].id == 1);
  CHECK(executor.utilisation().wall_s == 10);
}

TEST_CASE("a worker whose virtual trial ends while the caller is busy is idle until it is served") {
  ConstantEvaluator evaluator;
  SimulatedExecutor executor({.workers = 2, .mean_s = 10, .sigma = 0, .time_limit_s = 100},
                             evaluator);
  for (uint64_t id = 0; id < 4; ++id) executor.submit(job_of(id));
  executor.advance(15);
  CHECK(executor.busy_s() == std::vector<double>{10, 10});
  for (int i = 0; i < 2; ++i) executor.next({});  // at 15, both: the next two start then
  CHECK(executor.now_s() == 15);
  for (int i = 0; i < 2; ++i) executor.next({});
  CHECK(executor.now_s() == 25);
  CHECK(executor.utilisation().busy_share == Approx(20.0 / 25));
  CHECK(executor.utilisation().fed_busy_share == Approx(10.0 / 15));
}

TEST_CASE("a simulation of impossible numbers is refused") {
  ConstantEvaluator evaluator;
  CHECK(error_of([&] {
          SimulatedExecutor({.workers = 0}, evaluator);
        }).find("workers, mean_s and time_limit_s must be positive") != std::string::npos);
}
