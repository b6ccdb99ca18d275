#include "experiments/async_search.h"

#include <algorithm>
#include <map>
#include <set>

#include "accuracy/evaluators/make_evaluator.h"
#include "experiments/store/store_rescue.h"
#include "tests/catch.h"
#include "tests/experiments/async_run.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

TEST_CASE("an asynchronous search fills its updates in the order of arrival") {
  const auto config = async_config();
  TempFolder folder;
  TrialStore store(folder / "store.sqlite");
  const Outcome outcome = search_async(config, store);
  const auto trials = store.trials(Phase::kSearch);
  REQUIRE(trials.size() == 24);
  std::map<int, int> sizes;
  bool in_proposal_order = true;
  for (size_t i = 0; i < trials.size(); ++i) {
    CHECK(trials[i].id == i);
    ++sizes[trials[i].batch];
    in_proposal_order = in_proposal_order && trials[i].batch == static_cast<int>(i) / 4;
  }
  CHECK(sizes.size() == 6);
  for (const auto& [update, size] : sizes) CHECK(size == 4);
  CHECK_FALSE(in_proposal_order);
  CHECK(outcome.staleness.updates == 6);
  CHECK(outcome.staleness.mean > 0);
}

TEST_CASE("a resumed asynchronous search replays the recorded updates to the last bit") {
  for (const char* kind : {"reinforce", "ppo", "evolution", "nsga2", "random"}) {
    const auto config = async_config(std::string("controller.kind=") + kind);
    for (const int stop : {0, 1, 3, 4, 7, 10, 13}) {
      TempFolder folder;
      TrialStore store(folder / "store.sqlite");
      const Outcome killed = search_async(config, store, stop);
      REQUIRE(killed.interrupted);
      const Outcome replayed = search_async(config, store, 0);
      CHECK(replayed.controller == killed.controller);

      const auto before = comparable(store.trials(Phase::kSearch));
      search_async(config, store);
      const auto trials = store.trials(Phase::kSearch);
      CHECK(trials.size() == 24);
      const auto after = comparable(trials);
      for (const auto& row : before) CHECK(std::count(after.begin(), after.end(), row) == 1);
    }
  }
}

TEST_CASE("an asynchronous search with redraws proposes nothing that runs or waits to be learned") {
  const auto config = async_config(
      "controller.redraws=100;search.trials=120;search.batch=16;search.duplicates=reuse");
  TempFolder folder;
  TrialStore store(folder / "store.sqlite");
  REQUIRE(search_async(config, store, 40).interrupted);
  REQUIRE_FALSE(search_async(config, store).interrupted);
  std::set<Genotype> genotypes;
  for (const auto& proposal : store.proposals()) genotypes.insert(proposal.genotype);
  CHECK(genotypes.size() == 120);
}

TEST_CASE("a finished asynchronous search replays to the bit and runs nothing again") {
  const auto config = async_config("search.trials=22");  // the last update has only two trials
  TempFolder folder;
  TrialStore store(folder / "store.sqlite");
  const Outcome first = search_async(config, store);
  const Outcome again = search_async(config, store);
  CHECK(first.submitted.size() > 8);
  CHECK(again.submitted.empty());
  CHECK(again.controller == first.controller);
  CHECK(again.staleness.mean == first.staleness.mean);
}

TEST_CASE("proposals in flight when an asynchronous search dies run again as they were") {
  const auto config = async_config();
  TempFolder folder;
  TrialStore store(folder / "store.sqlite");
  const Outcome killed = search_async(config, store, 6);
  std::set<uint64_t> open(killed.submitted.begin(), killed.submitted.end());
  for (const auto& trial : store.trials(Phase::kSearch)) open.erase(trial.id);
  REQUIRE(open.size() == 5);
  std::map<uint64_t, Genotype> recorded;
  for (const auto& proposal : store.proposals()) recorded[proposal.id] = proposal.genotype;
  const Outcome resumed = search_async(config, store, 1 << 30, /*seed=*/2);
  const std::set<uint64_t> first(resumed.submitted.begin(), resumed.submitted.begin() + 5);
  CHECK(first == open);
  for (const auto& trial : store.trials(Phase::kSearch)) {
    if (!open.contains(trial.id)) continue;
    CHECK(recorded.at(trial.id) == trial.genotype);
  }
}

TEST_CASE("an asynchronous search goes on from a store that lost its last rows") {
  const auto config = async_config();
  TempFolder folder;
  TrialStore whole(folder / "whole.sqlite");
  TrialStore cut(folder / "cut.sqlite");
  search_async(config, whole);
  auto committed = whole.trials(Phase::kSearch);
  std::sort(committed.begin(), committed.end(),
            [](const Trial& a, const Trial& b) { return a.commit_index < b.commit_index; });
  committed.resize(13);
  cut.append_all(committed, whole.proposals());
  search_async(config, cut);
  const auto trials = cut.trials(Phase::kSearch);
  CHECK(trials.size() == 24);
  for (const auto& trial : trials)
    CHECK(trial.genotype == whole.trials(Phase::kSearch)[trial.id].genotype);
  const Outcome first = search_async(config, cut);
  CHECK(search_async(config, cut).controller == first.controller);
}

TEST_CASE("an asynchronous search goes on from a checkpoint as from a replay of all") {
  for (const int stop : {9, 13, 18}) {
    TempFolder folder;
    std::map<int, std::string> controllers;
    std::map<int, std::vector<std::string>> trials;
    for (const int every : {0, 1, 2}) {
      const auto config = async_config("runtime.checkpoint_batches=" + std::to_string(every));
      TrialStore store(folder / std::to_string(every));
      REQUIRE(search_async(config, store, stop).interrupted);
      CHECK(store.checkpoints().empty() == (every == 0));
      const Outcome resumed = search_async(config, store);
      CHECK(store.batches() == 6);
      // Only what came after the checkpoint is learned again.
      if (every > 0) CHECK(resumed.updates < 6);
      controllers[every] = resumed.controller;
      trials[every] = comparable(store.trials(Phase::kSearch));
    }
    for (const int every : {1, 2}) {
      CHECK(controllers[every] == controllers[0]);
      CHECK(trials[every] == trials[0]);
    }
  }
}

TEST_CASE("a screened asynchronous search goes on from a checkpoint as from a replay of all") {
  TempFolder folder;
  std::map<int, std::string> controllers;
  std::map<int, std::vector<std::string>> trials;
  for (const int every : {0, 2}) {
    const auto config = async_config(
        "controller.screening=4;controller.redraws=5;search.trials=40;"
        "runtime.checkpoint_batches=" +
        std::to_string(every));
    TrialStore store(folder / std::to_string(every));
    REQUIRE(search_async(config, store, 27).interrupted);
    controllers[every] = search_async(config, store).controller;
    trials[every] = comparable(store.trials(Phase::kSearch));
    CHECK(search_async(config, store).controller == controllers[every]);
  }
  CHECK(trials[0].size() == 40);
  CHECK(controllers[2] == controllers[0]);
  CHECK(trials[2] == trials[0]);
}

TEST_CASE("a killed asynchronous search has gaps in its ids, and its store is sound") {
  const auto config = async_config();
  TempFolder folder;
  const auto file = folder / "store.sqlite";
  {
    TrialStore store(file);
    REQUIRE(search_async(config, store, 6).interrupted);
    const auto trials = store.trials(Phase::kSearch);
    REQUIRE(trials.back().id >= trials.size());
  }
  CHECK_FALSE(rescue_store(file).has_value());
}

TEST_CASE("an asynchronous search that stopped for good stops again when it is resumed") {
  struct Case {
    const char* changes;
    const char* message;
  };
  for (const Case& c : {Case{"search.max_failures_in_a_row=3", "3 trainings in a row failed"},
                        Case{"failures.crashed=stop;failures.time_out=stop", "ended as "}}) {
    const auto config = async_config(c.changes);
    TempFolder folder;
    TrialStore store(folder / "store.sqlite");
    const auto search = [&] { search_async(config, store, 1 << 30, 1, /*failures=*/1.0); };
    const std::string first = error_of(search);
    CHECK(first.find(c.message) != std::string::npos);
    const size_t recorded = store.count(Phase::kSearch);
    CHECK(error_of(search) == first);
    CHECK(store.count(Phase::kSearch) == recorded);
  }
}

TEST_CASE("a repeated network is trained once in an asynchronous search, even while it runs") {
  const auto config = async_config("search.trials=120;runtime.workers=20");
  TempFolder folder;
  TrialStore store(folder / "store.sqlite");
  const Outcome outcome = search_async(config, store);
  const auto trials = store.trials(Phase::kSearch);
  std::set<Genotype> genotypes;
  for (const auto& trial : trials) {
    genotypes.insert(trial.genotype);
    if (trial.reused_from < 0) continue;
    const Trial& twin = trials[static_cast<size_t>(trial.reused_from)];
    CHECK(twin.genotype == trial.genotype);
    CHECK(twin.reward == trial.reward);
    CHECK(twin.architecture == trial.architecture);
    CHECK(twin.batch <= trial.batch);
  }
  CHECK(outcome.submitted.size() == genotypes.size());
  CHECK(genotypes.size() < 120);
}

TEST_CASE("failed trials of an asynchronous search are learned with the declared reward") {
  const auto config = async_config("search.failure_reward=-0.5");
  TempFolder folder;
  TrialStore store(folder / "store.sqlite");
  search_async(config, store, 1 << 30, 3, /*failures=*/0.4);
  int failed = 0;
  for (const auto& trial : store.trials(Phase::kSearch)) {
    if (trial.status == TrialStatus::kComplete) continue;
    ++failed;
    CHECK(trial.reward == -0.5);
  }
  CHECK(failed > 0);
  TempFolder other;
  TrialStore hopeless(other / "store.sqlite");
  CHECK(error_of([&] {
          search_async(async_config("search.max_failures_in_a_row=3"), hopeless, 1 << 30, 1, 1.0);
        }).find("3 trainings in a row failed, the last one ") == 0);
}

TEST_CASE("an asynchronous search refuses the store of a synchronous one") {
  TempFolder folder;
  TrialStore store(folder / "store.sqlite");
  const auto evaluator = make_evaluator(small_config().accuracy);
  InProcessExecutor executor(*evaluator);
  search_once(small_config(), store, executor);
  CHECK(error_of([&] {
          search_async(async_config(), store);
        }).find("no proposal of it: it is no record of an asynchronous search") !=
        std::string::npos);
}

TEST_CASE("an asynchronous search finds the good networks") {
  const auto config =
      async_config("search.trials=200;controller.learning_rate=0.02;runtime.workers=8");
  TempFolder folder;
  TrialStore store(folder / "store.sqlite");
  search_async(config, store);
  const auto trials = store.trials(Phase::kSearch);
  const auto mean = [&](size_t begin, size_t end) {
    double sum = 0;
    for (size_t i = begin; i < end; ++i) sum += trials[i].reward;
    return sum / static_cast<double>(end - begin);
  };
  CHECK(mean(160, 200) > mean(0, 40));
}

TEST_CASE("the trials of a synchronous search do not depend on the number of workers") {
  const auto config = small_config("search.trials=40;search.batch=8");
  const auto evaluator = make_evaluator(config.accuracy);
  std::vector<std::string> expected;
  for (const int workers : {1, 2, 4}) {
    TempFolder folder;
    TrialStore store(folder / "store.sqlite");
    SimulatedExecutor executor({.workers = workers, .failure_share = 0.2}, *evaluator);
    search_once(config, store, executor);
    const auto trials = comparable(store.trials(Phase::kSearch));
    if (expected.empty()) expected = trials;
    CHECK(trials.size() == 40);
    CHECK(trials == expected);
  }
}
