#include "experiments/trial_runner.h"

#include <functional>

#include "experiments/store/store.h"
#include "tests/catch.h"
#include "tests/experiments/small_run.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

/// Answers each job with the statuses that a script holds for its trial, in the order of attempts.
class ScriptedExecutor : public Executor {
 public:
  explicit ScriptedExecutor(std::map<uint64_t, std::vector<TrialStatus>> script)
      : script_(std::move(script)) {}
  void submit(const TrialJob& job) override {
    submitted.push_back({job.spec.trial_id, job.attempt});
    queue.push_back(answer(job.spec.trial_id, job.attempt));
  }
  std::optional<TrialResult> next(std::chrono::milliseconds) override {
    if (queue.empty()) return std::nullopt;
    TrialResult result = queue.front();
    queue.pop_front();
    return result;
  }
  size_t in_flight() const override { return queue.size(); }
  void cancel(uint64_t id) override {
    std::erase_if(queue, [id](const TrialResult& result) { return result.id == id; });
  }
  TrialResult answer(uint64_t id, int attempt) const {
    const auto& statuses = script_.at(id);
    const TrialStatus status = statuses[std::min<size_t>(attempt, statuses.size() - 1)];
    TrialResult result{id, attempt, {}, "somewhere", "the log's end"};
    result.evaluation.status = status;
    result.evaluation.accuracy = status == TrialStatus::kComplete ? 0.5 : 0;
    result.evaluation.message = "cause " + std::to_string(attempt);
    return result;
  }
  std::vector<std::pair<uint64_t, int>> submitted;
  std::deque<TrialResult> queue;

 private:
  std::map<uint64_t, std::vector<TrialStatus>> script_;
};

TrialSpec spec_of(uint64_t id) {
  TrialSpec spec;
  spec.trial_id = id;
  return spec;
}

/// What the runner calls the network of a trial, as it records it.
uint64_t network_of(const TrialSpec& spec) {
  TempFolder folder;
  TrialStore store(folder / "s.sqlite");
  ScriptedExecutor executor({{spec.trial_id, {TrialStatus::kComplete}}});
  TrialRunner runner(executor);
  runner.record_in(store);
  runner.submit(spec);
  runner.next();
  return static_cast<uint64_t>(
      Database(folder / "s.sqlite").integer("SELECT network FROM attempts"));
}

FailureConfig at_once() {
  FailureConfig policy;
  policy.backoff_s = 0;
  return policy;
}

/// The one final result of a trial whose attempts end so.
TrialResult outcome(const FailureConfig& policy, const std::vector<TrialStatus>& statuses) {
  ScriptedExecutor executor({{7, statuses}});
  TrialRunner runner(executor, policy);
  runner.submit(spec_of(7));
  const auto result = runner.next();
  REQUIRE(result.has_value());
  CHECK_FALSE(runner.next().has_value());
  CHECK(executor.submitted.back().second == result->attempt);
  return *result;
}

constexpr auto kComplete = TrialStatus::kComplete;
constexpr auto kCrashed = TrialStatus::kCrashed;
constexpr auto kLost = TrialStatus::kLost;

}  // namespace

TEST_CASE("a network keeps the identity by which old stores hold its attempts") {
  CHECK(network_of(spec_of(0)) == 0x32AEE08851C09BF8ULL);
  CHECK(network_of(spec_of(1)) == network_of(spec_of(0)));
}

TEST_CASE("what is ready can be had without waiting for what is not") {
  ScriptedExecutor executor({{0, {TrialStatus::kComplete}}});
  TrialRunner runner(executor);
  CHECK_FALSE(runner.ready().has_value());
  runner.submit(spec_of(0));
  const auto result = runner.ready();
  REQUIRE(result.has_value());
  CHECK(result->id == 0);
  CHECK_FALSE(runner.ready().has_value());
}

TEST_CASE("a crash is tried again as often as configured, what would fail alike is not") {
  FailureConfig policy = at_once();
  policy.retries = 2;
  CHECK(outcome(policy, {kComplete}).attempt == 0);
  CHECK(outcome(policy, {kCrashed, kCrashed, kComplete}).evaluation.status == kComplete);
  CHECK(outcome(policy, {kCrashed}).attempt == 2);
  for (const TrialStatus status :
       {TrialStatus::kDiverged, TrialStatus::kOutOfMemory, TrialStatus::kTimeOut}) {
    const TrialResult result = outcome(policy, {status, kComplete});
    CHECK(result.evaluation.status == status);
    CHECK(result.attempt == 0);
  }
  policy.retry_time_out = policy.retry_out_of_memory = policy.retry_diverged = true;
  policy.retry_crashed = false;
  for (const TrialStatus status :
       {TrialStatus::kDiverged, TrialStatus::kOutOfMemory, TrialStatus::kTimeOut}) {
    CHECK(outcome(policy, {status, kComplete}).evaluation.status == kComplete);
  }
  CHECK(outcome(policy, {kCrashed, kComplete}).evaluation.status == kCrashed);
}

TEST_CASE("a trial that refuses its configuration is decided at once") {
  FailureConfig policy = at_once();
  policy.retries = 2;
  const TrialResult result = outcome(policy, {TrialStatus::kInvalid, kComplete});
  CHECK(result.evaluation.status == TrialStatus::kInvalid);
  CHECK(result.attempt == 0);
}

TEST_CASE("an interrupted attempt is run again, as a lost one is") {
  FailureConfig policy = at_once();
  policy.retries = 0;
  const TrialResult result = outcome(policy, {TrialStatus::kCancelled, kComplete});
  CHECK(result.evaluation.status == kComplete);
  CHECK(result.attempt == 1);
}

TEST_CASE("lost attempts are counted apart from the trial's own failures") {
  FailureConfig policy = at_once();
  policy.retries = 1;
  policy.infrastructure_retries = 3;
  CHECK(outcome(policy, {kLost, kCrashed, kLost, kLost, kComplete}).evaluation.status == kComplete);
  CHECK(outcome(policy, {kLost, kCrashed, kLost, kCrashed}).evaluation.status == kCrashed);
  policy.lost = FailureEffect::kPenalise;
  CHECK(outcome(policy, {kLost}).attempt == 3);
}

TEST_CASE("a trial that is lost too often stops the run, and a resumed run tries it again") {
  FailureConfig policy = at_once();
  policy.infrastructure_retries = 2;
  TempFolder folder;
  TrialStore store(folder / "s.sqlite");
  for (const int expected : {3, 6}) {  // attempts so far
    ScriptedExecutor lost({{7, {kLost}}});
    TrialRunner runner(lost, policy);
    runner.record_in(store);
    runner.submit(spec_of(7));
    const std::string message = error_of([&] { runner.next(); });
    CHECK(contains(message, "trial 7 was lost 3 times, at last: cause "));
    CHECK(store.attempts(7).size() == static_cast<size_t>(expected));
  }
  ScriptedExecutor mended({{7, {kComplete}}});
  TrialRunner runner(mended, policy);
  runner.record_in(store);
  runner.submit(spec_of(7));
  CHECK(runner.next()->evaluation.status == kComplete);
}

TEST_CASE("how many trials failed and why is one line") {
  std::vector<Trial> trials(6);
  for (Trial& trial : trials) trial.status = kComplete;
  trials[0].status = TrialStatus::kInfeasible;
  CHECK(failures_line(trials).empty());
  trials[1].status = trials[2].status = trials[3].status = kCrashed;
  trials[1].cause = trials[3].cause = "boom";
  trials[4].status = TrialStatus::kOutOfMemory;
  CHECK(failures_line(trials) ==
        "4 of 6 trials failed: 2 crashed: boom; 1 crashed; 1 out_of_memory");
}

TEST_CASE("a retry waits, and the other trials do not wait for it") {
  FailureConfig policy;
  policy.backoff_s = 0.02;
  ScriptedExecutor executor({{0, {kCrashed, kComplete}}, {1, {kComplete}}, {2, {kComplete}}});
  TrialRunner runner(executor, policy);
  for (const uint64_t id : {0, 1, 2}) runner.submit(spec_of(id));
  CHECK(runner.next()->id == 1);
  CHECK(runner.next()->id == 2);
  CHECK(runner.next()->id == 0);
  CHECK_FALSE(runner.next().has_value());
}

TEST_CASE("a late result of an earlier attempt counts when it is complete, a late failure never") {
  FailureConfig policy = at_once();
  policy.infrastructure_retries = 5;
  TempFolder folder;
  TrialStore store(folder / "s.sqlite");
  ScriptedExecutor executor({{4, {kLost, kCrashed, kCrashed}}, {5, {kLost, kComplete}}});
  TrialRunner runner(executor, policy);
  runner.record_in(store);
  runner.submit(spec_of(4));
  TrialResult late_failure = executor.answer(4, 0), late_success = late_failure;
  late_failure.evaluation.status = kCrashed;
  late_success.evaluation.status = kComplete;
  // The lost attempt 0 leads to attempt 1; then attempt 0 is heard of again, twice.
  executor.queue.push_back(late_failure);
  executor.queue.push_back(late_success);
  const auto result = runner.next();
  REQUIRE(result.has_value());
  CHECK(result->evaluation.status == kComplete);
  CHECK(result->attempt == 0);
  executor.queue.push_back(executor.answer(4, 1));  // after the decision: ignored
  CHECK_FALSE(runner.next().has_value());
  REQUIRE(store.attempts(4).size() == 1);
  CHECK(store.attempts(4)[0].evaluation.status == kComplete);
}

TEST_CASE("every attempt is recorded with host, cause and the log's end") {
  TempFolder folder;
  TrialStore store(folder / "s.sqlite");
  ScriptedExecutor executor({{3, {kCrashed, kComplete}}});
  TrialRunner runner(executor, at_once());
  runner.record_in(store);
  runner.submit(spec_of(3));
  runner.next();
  const auto attempts = store.attempts(3);
  REQUIRE(attempts.size() == 2);
  CHECK(attempts[0].attempt == 0);
  CHECK(attempts[0].host == "somewhere");
  CHECK(attempts[0].evaluation.status == kCrashed);
  CHECK(attempts[0].evaluation.message == "cause 0");
  CHECK(attempts[0].log_tail == "the log's end");
  CHECK(attempts[1].evaluation.accuracy == 0.5);
  const auto counts = store.attempt_counts();
  REQUIRE(counts.size() == 2);
  CHECK(counts[1].status == kCrashed);
  CHECK(counts[1].attempts == 1);
}

TEST_CASE("what a killed run had recorded of a trial is not done again") {
  TempFolder folder;
  TrialStore store(folder / "s.sqlite");
  ScriptedExecutor first({{0, {kComplete}}, {1, {kCrashed, kCrashed}}, {2, {kCrashed, kComplete}}});
  const uint64_t network = network_of(spec_of(0));
  store.append_attempt(first.answer(0, 0), network);
  store.append_attempt(first.answer(1, 0), network);
  store.append_attempt(first.answer(1, 1), network);
  store.append_attempt(first.answer(2, 0), network);
  ScriptedExecutor executor({{2, {kCrashed, kComplete}}});
  TrialRunner runner(executor, at_once());
  runner.record_in(store);
  for (const uint64_t id : {0, 1, 2}) runner.submit(spec_of(id));
  CHECK(runner.next()->evaluation.status == kComplete);
  CHECK(runner.next()->evaluation.status == kCrashed);
  CHECK(runner.next()->evaluation.status == kComplete);
  CHECK(executor.submitted == std::vector<std::pair<uint64_t, int>>{{2, 1}});
}

TEST_CASE("an attempt at another network under the same id is no result, but keeps its number") {
  TempFolder folder;
  TrialStore store(folder / "s.sqlite");
  ScriptedExecutor executor({{0, {kComplete}}});
  store.append_attempt(executor.answer(0, 0), network_of(spec_of(0)) + 1);
  TrialRunner runner(executor, at_once());
  runner.record_in(store);
  runner.submit(spec_of(0));
  CHECK(runner.next()->attempt == 1);
  CHECK(store.attempts(0).size() == 2);
}

TEST_CASE("the effect of a status is as configured") {
  FailureConfig policy;
  policy.diverged = FailureEffect::kIgnore;
  policy.crashed = FailureEffect::kStop;
  CHECK(policy.effect(TrialStatus::kDiverged) == FailureEffect::kIgnore);
  CHECK(policy.effect(kCrashed) == FailureEffect::kStop);
  CHECK(policy.effect(TrialStatus::kTimeOut) == FailureEffect::kPenalise);
}

TEST_CASE("a failed attempt is durable before the search waits for the next one") {
  TempFolder folder;
  const auto file = folder / "s.sqlite";
  /// Asks the file, as a search that goes on after a kill, while the second attempt runs.
  class Watching : public ScriptedExecutor {
   public:
    explicit Watching(const std::filesystem::path& file)
        : ScriptedExecutor({{7, {TrialStatus::kCrashed, TrialStatus::kComplete}}}), file_(file) {}
    std::optional<TrialResult> next(std::chrono::milliseconds patience) override {
      recorded.push_back(TrialStore(file_, /*read_only=*/true).attempts(7).size());
      return ScriptedExecutor::next(patience);
    }
    std::vector<size_t> recorded;

   private:
    std::filesystem::path file_;
  };
  Watching executor(file);
  TrialStore store(file);
  store.hold();  // as a search's journal does
  TrialRunner runner(executor, {.backoff_s = 0});
  runner.record_in(store);
  runner.submit(spec_of(7));
  REQUIRE(runner.next().has_value());
  CHECK(executor.recorded == std::vector<size_t>{0, 1});
}
