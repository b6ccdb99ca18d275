#include "experiments/store/journal.h"

#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

Trial numbered_trial(uint64_t id) {
  Trial trial;
  trial.id = id;
  trial.status = TrialStatus::kComplete;
  return trial;
}

size_t seen_by_others(const std::filesystem::path& file) {
  return TrialStore(file, /*read_only=*/true).count(Phase::kSearch);
}

}  // namespace

TEST_CASE("what a journal holds is durable, and observed, with its commit and in one piece") {
  TempFolder folder;
  const auto file = folder / "s.sqlite";
  TrialStore store(file);
  std::vector<uint64_t> observed;
  Journal journal(store, [&](const Trial& trial) { observed.push_back(trial.id); });
  journal.append(numbered_trial(0));
  store.append_attempt({1, 0, {}, "host"});
  store.set_fact("key", "value");
  journal.append(numbered_trial(1));
  CHECK(store.count(Phase::kSearch) == 2);
  CHECK(seen_by_others(file) == 0);
  CHECK_FALSE(TrialStore(file, /*read_only=*/true).fact("key").has_value());
  CHECK(observed.empty());
  journal.commit();
  CHECK(seen_by_others(file) == 2);
  CHECK(TrialStore(file, /*read_only=*/true).attempts(1).size() == 1);
  CHECK(observed == std::vector<uint64_t>{0, 1});
  journal.append(numbered_trial(2));
  journal.close();
  CHECK(seen_by_others(file) == 3);
  CHECK(observed == std::vector<uint64_t>{0, 1, 2});
  store.append(numbered_trial(3));  // by itself again
  CHECK(seen_by_others(file) == 4);
}

TEST_CASE("a journal that is left by an exception keeps what it was given") {
  TempFolder folder;
  const auto file = folder / "s.sqlite";
  TrialStore store(file);
  int observed = 0;
  CHECK_THROWS_AS(
      [&] {
        Journal journal(store, [&](const Trial&) { ++observed; });
        journal.append(numbered_trial(0));
        throw Error(ErrorKind::kInterrupted, "stopped");
      }(),
      Error);
  CHECK(seen_by_others(file) == 1);
  CHECK(observed == 1);
}

TEST_CASE("a write that fails takes its group back with it, and nobody observes any") {
  TempFolder folder;
  const auto file = folder / "s.sqlite";
  TrialStore store(file);
  int observed = 0;
  {
    Journal journal(store, [&](const Trial&) { ++observed; });
    journal.append(numbered_trial(0));
    journal.commit();
    journal.append(numbered_trial(1));
    CHECK_THROWS_AS(journal.append(numbered_trial(0)), Error);  // recorded already
  }
  CHECK(seen_by_others(file) == 1);
  CHECK(observed == 1);
}
