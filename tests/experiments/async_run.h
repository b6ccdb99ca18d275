#pragma once

#include <string>
#include <vector>

#include "accuracy/evaluators/make_evaluator.h"
#include "controller/policy/make_controller.h"
#include "experiments/async_search.h"
#include "experiments/executors/simulated_executor.h"
#include "tests/experiments/small_run.h"

namespace ridgeline::test {

inline ExperimentConfig async_config(const std::string& changes = "") {
  return small_config("search.mode=asynchronous;runtime.workers=5" +
                      (changes.empty() ? "" : ";" + changes));
}

/// Hands out at most `limit` results of another executor: the search then stops as if killed.
class LimitedExecutor : public Executor {
 public:
  LimitedExecutor(Executor& inner, int limit) : inner_(inner), left_(limit) {}
  void submit(const TrialJob& job) override {
    submitted.push_back(job.spec.trial_id);
    inner_.submit(job);
  }
  size_t in_flight() const override { return left_ == 0 ? 0 : inner_.in_flight(); }
  void cancel(uint64_t id) override { inner_.cancel(id); }
  std::optional<TrialResult> next(std::chrono::milliseconds patience) override {
    --left_;
    return inner_.next(patience);
  }
  std::vector<uint64_t> submitted;

 private:
  Executor& inner_;
  int left_;
};

struct Outcome {
  std::string controller;  // its state at the end
  Staleness staleness;
  int updates = 0;  // of this process
  std::vector<uint64_t> submitted;
  bool interrupted = false;
};

/// One process's worth of an asynchronous run, on five virtual workers that are `seed`'s.
inline Outcome search_async(const ExperimentConfig& config, TrialStore& store, int limit = 1 << 30,
                            uint64_t seed = 1, double failures = 0) {
  const SearchSpace space = config.search_space();
  const auto oracle = make_oracle(config.latency);
  CountingController controller(make_controller(config.controller, space.decisions(), config.seed));
  const auto evaluator = make_evaluator(config.accuracy);
  SimulatedExecutor simulated(
      {.workers = config.runtime.workers, .seed = seed, .failure_share = failures}, *evaluator);
  LimitedExecutor executor(simulated, limit);
  FailureConfig no_retries;  // a pause in real time would stall virtual workers
  no_retries.retries = 0;
  TrialRunner runner(executor, no_retries);
  AsyncSearch search(config, {space, {{"", *oracle}}, controller, runner, store});
  Outcome outcome;
  try {
    search.run();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kInterrupted) throw;
    outcome.interrupted = true;
  }
  outcome.controller = controller.save();
  outcome.updates = controller.updates;
  outcome.staleness = search.staleness();
  outcome.submitted = executor.submitted;
  return outcome;
}

}  // namespace ridgeline::test
