#include "experiments/stop_rules.h"

#include <spdlog/sinks/ostream_sink.h>

#include <algorithm>
#include <sstream>

#include "accuracy/evaluators/make_evaluator.h"
#include "core/logging.h"
#include "experiments/store/facts.h"
#include "tests/catch.h"
#include "tests/experiments/async_run.h"
#include "tests/experiments/small_run.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

/// What is logged while it lives.
class LogCapture {
 public:
  LogCapture() : sink_(std::make_shared<spdlog::sinks::ostream_sink_mt>(text_)) {
    spdlog::default_logger()->sinks().push_back(sink_);
  }
  ~LogCapture() { spdlog::default_logger()->sinks().pop_back(); }
  LogCapture(const LogCapture&) = delete;
  LogCapture& operator=(const LogCapture&) = delete;
  std::string text() const { return text_.str(); }

 private:
  std::ostringstream text_;
  std::shared_ptr<spdlog::sinks::sink> sink_;
};

/// A long search of a policy that settles soon.
ExperimentConfig settling(const std::string& changes) {
  return async_config(
      "search.trials=300;search.max_latency_ratio=0;controller.learning_rate=0.02;" + changes);
}

std::vector<Trial> in_order_of_commits(const TrialStore& store) {
  auto trials = store.trials(Phase::kSearch);
  std::sort(trials.begin(), trials.end(),
            [](const Trial& a, const Trial& b) { return a.commit_index < b.commit_index; });
  return trials;
}

Trial rewarded_trial(double reward) {
  Trial trial;
  trial.status = TrialStatus::kComplete;
  trial.reward = reward;
  return trial;
}

}  // namespace

TEST_CASE("durations carry their unit, and others are refused with what would be valid") {
  CHECK(duration_seconds("90s") == 90);
  CHECK(duration_seconds("45m") == 2700);
  CHECK(duration_seconds("1.5h") == 5400);
  CHECK(duration_seconds("2d") == 172800);
  CHECK(duration_seconds("") == 0);
  for (const char* wrong : {"8", "h", "8 h", "-1h", "0s", "8hours", "nan h", "infs", "1h30m"}) {
    CHECK_THAT(error_of([&] { duration_seconds(wrong); }),
               Catch::Contains("is no duration; valid: a positive number and its unit"));
  }
}

TEST_CASE("an asynchronous search without improvement ends, and what was running is awaited") {
  const auto config = settling("search.stop_without_improvement=30");
  TempFolder folder;
  TrialStore store(folder / "store.sqlite");
  search_async(config, store);
  const auto trials = in_order_of_commits(store);
  REQUIRE(trials.size() < 300);
  CHECK(store.proposals().size() == trials.size());
  size_t best = 0, held = 0;  // where the rule held first
  while (held < trials.size() && held - best < 30) {
    ++held;
    if (held < trials.size() && trials[held].reward > trials[best].reward) best = held;
  }
  REQUIRE(held < trials.size());
  // Five running trials, and at most a batch of repeats that waited for them.
  CHECK(trials.size() - 1 - held <= 5 + 4);
  CHECK_THAT(early_stop(store), Catch::Contains("(search.stop_without_improvement)"));
}

TEST_CASE("a killed asynchronous search ends by the same rule, and proposes no more afterwards") {
  for (const char* rule : {"search.stop_without_improvement=20",
                           "search.stop_entropy=3;controller.entropy_weight=0"}) {
    const auto config = settling(rule);
    for (const int stop : {1, 5, 17, 23, 31}) {
      TempFolder folder;
      TrialStore store(folder / "store.sqlite");
      for (bool killed = true; killed;) killed = search_async(config, store, stop).interrupted;
      const size_t trials = store.count(Phase::kSearch);
      CHECK(trials < 300);
      CHECK(store.proposals().size() == trials);
      CHECK_FALSE(early_stop(store).empty());
      const auto again = search_async(config, store);
      CHECK(again.submitted.empty());
      CHECK(store.count(Phase::kSearch) == trials);
    }
  }
}

TEST_CASE("a search that was killed while it awaited its last trials does not propose again") {
  const auto config = settling("search.stop_without_improvement=20");
  TempFolder folder;
  TrialStore store(folder / "store.sqlite");
  while (early_stop(store).empty()) search_async(config, store, 1);
  const size_t proposed = store.proposals().size();
  REQUIRE(store.count(Phase::kSearch) < proposed);  // some are in flight
  search_async(config, store);
  CHECK(store.proposals().size() == proposed);
  CHECK(store.count(Phase::kSearch) == proposed);
}

TEST_CASE("a search over its time ends after the batch that it is in, also when it is resumed") {
  const auto config = small_config("search.stop_after=1e-9s");
  TempFolder folder;
  TrialStore store(folder / "store.sqlite");
  const auto evaluator = make_evaluator(config.accuracy);
  InProcessExecutor executor(*evaluator);
  for (int run = 0; run < 2; ++run) {
    CHECK(search_once(config, store, executor).size() == 4);
    CHECK_THAT(early_stop(store), Catch::Contains("(search.stop_after)"));
  }
}

TEST_CASE("the time of a search counts over its resumes") {
  const auto config = small_config("search.stop_after=1h");
  TempFolder folder;
  TrialStore store(folder / "store.sqlite");
  const auto evaluator = make_evaluator(config.accuracy);
  ReversedExecutor stopping(*evaluator, 9);
  CHECK_THROWS(search_once(config, store, stopping));
  REQUIRE(store.fact(kClockFact));
  CHECK(std::stod(*store.fact(kClockFact)) < 3600);
  store.set_fact(kClockFact, "3599.9999999");  // as if it had taken so long
  InProcessExecutor executor(*evaluator);
  CHECK(search_once(config, store, executor).size() < 24);
  CHECK_THAT(early_stop(store), Catch::Contains("it has searched for 1h00m (search.stop_after)"));
}

TEST_CASE("a search within its time is the search without a limit, killed or not") {
  const auto evaluator = make_evaluator(small_config().accuracy);
  const auto trials_of = [&](const std::string& changes, int kill_after) {
    TempFolder folder;
    TrialStore store(folder / "store.sqlite");
    const auto config = small_config(changes);
    ReversedExecutor stopping(*evaluator, kill_after);
    try {
      search_once(config, store, stopping);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::kInterrupted) throw;
      InProcessExecutor executor(*evaluator);
      search_once(config, store, executor);
    }
    return comparable(store.trials(Phase::kSearch));
  };
  const auto expected = trials_of("", 1 << 30);
  for (const int kill_after : {0, 3, 10, 1 << 30})
    CHECK(trials_of("search.stop_after=2d", kill_after) == expected);
}

TEST_CASE("a policy that collapses early is said once, one that settles late is not") {
  const auto config = small_config("search.trials=100");
  const auto decisions = config.search_space().decisions();
  const UpdateStats open{.entropy = 5, .gradient_norm = 1},
      shut{.entropy = 0.2, .gradient_norm = 1};
  const auto said = [&](int trials, const UpdateStats& stats, bool replayed) {
    TempFolder folder;
    TrialStore store(folder / "store.sqlite");
    StopRules rules(config, decisions, store);
    for (int i = 0; i < trials; ++i) rules.committed(rewarded_trial(0.5));
    LogCapture log;
    rules.learned(stats, replayed);
    rules.learned(stats, replayed);
    const std::string text = log.text();
    const size_t first = text.find("the policy has collapsed early");
    if (first != std::string::npos)
      CHECK(text.find("the policy has collapsed early", first + 1) == std::string::npos);
    return text;
  };
  CHECK_THAT(said(40, shut, false), Catch::Contains("after 40 of 100 trials its entropy") &&
                                        Catch::Contains("raise controller.entropy_weight"));
  CHECK(said(40, open, false).empty());
  CHECK(said(60, shut, false).empty());
  CHECK(said(40, shut, true).empty());
  CHECK(
      said(40, {.entropy = 0, .gradient_norm = 0}, false).empty());  // nothing that could collapse
}
