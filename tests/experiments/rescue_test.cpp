#include "experiments/store/store_rescue.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "accuracy/evaluators/make_evaluator.h"
#include "core/random.h"
#include "experiments/run_directory.h"
#include "experiments/store/facts.h"
#include "tests/catch.h"
#include "tests/experiments/async_run.h"
#include "tests/experiments/small_run.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

namespace fs = std::filesystem;

/// A finished search of 24 trials with learning curves, in one file without a WAL beside it.
void write_store(const fs::path& file, int checkpoint_batches = 2) {
  const auto config =
      small_config("runtime.checkpoint_batches=" + std::to_string(checkpoint_batches));
  const auto evaluator = make_evaluator(config.accuracy);
  CurveEvaluator with_curves(*evaluator);
  InProcessExecutor executor(with_curves);
  TrialStore store(file);
  store.set_fact(kConfigFact, "x");
  search_once(config, store, executor, /*record_attempts=*/true);
}

size_t metrics_of(const fs::path& file) {
  Database database(file, /*read_only=*/true);
  return static_cast<size_t>(database.integer("SELECT count(*) FROM metrics"));
}

std::string bytes_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write_bytes(const fs::path& file, const std::string& bytes) {
  std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
}

/// As after a stray write: where the table begins, nothing can be read.
void overwrite_table(const fs::path& file, const std::string& table) {
  constexpr size_t kPage = 4096;
  size_t page = 0;
  {
    Database database(file, /*read_only=*/true);
    REQUIRE(database.integer("PRAGMA page_size") == kPage);
    page = static_cast<size_t>(
        database.integer("SELECT rootpage FROM sqlite_schema WHERE name = '" + table + "'"));
  }
  std::string bytes = bytes_of(file);
  bytes.replace((page - 1) * kPage, kPage, kPage, '\xFF');
  write_bytes(file, bytes);
}

/// Counts what it is asked to evaluate.
class CountingExecutor : public InProcessExecutor {
 public:
  using InProcessExecutor::InProcessExecutor;
  void submit(const TrialJob& job) override {
    ++submitted;
    InProcessExecutor::submit(job);
  }
  int submitted = 0;
};

/// After damage: the store is either refused as a whole, or holds a sound prefix that a search
/// completes to the undisturbed trials. True when it was rescued.
bool survives(const fs::path& file, const std::vector<std::string>& expected) {
  std::optional<std::string> lost;
  try {
    lost = rescue_store(file);
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::kRun);
    CHECK(std::string(error.what()).find('\n') == std::string::npos);
    CHECK(std::string(error.what()).find("nothing of the damaged store can be read") !=
          std::string::npos);
    return false;
  }
  {
    TrialStore store(file);
    const auto kept = comparable(store.trials(Phase::kSearch));
    REQUIRE(kept.size() <= expected.size());
    CHECK(std::equal(kept.begin(), kept.end(), expected.begin()));
    if (lost)
      CHECK(lost->find(kept.empty() ? std::string("no trial is kept")
                                    : "the first " + std::to_string(kept.size()) + " trials") !=
            std::string::npos);
    if (!lost) CHECK(kept.size() == expected.size());
  }
  const auto config = small_config();
  const auto evaluator = make_evaluator(config.accuracy);
  InProcessExecutor executor(*evaluator);
  TrialStore store(file);
  search_once(config, store, executor);
  CHECK(comparable(store.trials(Phase::kSearch)) == expected);
  return lost.has_value();
}

}  // namespace

TEST_CASE("a sound store is not touched") {
  TempFolder folder;
  write_store(folder / "s.sqlite");
  const std::string before = bytes_of(folder / "s.sqlite");
  CHECK_FALSE(rescue_store(folder / "s.sqlite").has_value());
  CHECK(bytes_of(folder / "s.sqlite") == before);
}

TEST_CASE("a store that was cut anywhere keeps a sound prefix or is refused, and is put aside") {
  TempFolder folder;
  // Without checkpoints: pages of theirs that were freed would take trials out of order, so that a
  // cut near the end could cost the first of them.
  write_store(folder / "whole.sqlite", 0);
  const std::string whole = bytes_of(folder / "whole.sqlite");
  const auto expected = comparable(TrialStore(folder / "whole.sqlite").trials(Phase::kSearch));
  int rescued = 0, n = 0;
  for (size_t size = 0; size < whole.size(); size += 4096 + 1000) {
    INFO("cut to " << size << " of " << whole.size() << " bytes");
    const auto file = folder / (std::to_string(n++) + ".sqlite");
    write_bytes(file, whole.substr(0, size));
    if (!survives(file, expected)) continue;
    ++rescued;
    fs::path aside = file;
    aside.replace_filename(file.stem().string() + ".damaged-1.sqlite");
    CHECK(bytes_of(aside) == whole.substr(0, size));
  }
  CHECK(rescued > 0);
}

TEST_CASE("a store that lost its end keeps the trials before it") {
  TempFolder folder;
  write_store(folder / "s.sqlite", 0);
  const std::string whole = bytes_of(folder / "s.sqlite");
  write_bytes(folder / "s.sqlite", whole.substr(0, whole.size() - 6000));
  const auto lost = rescue_store(folder / "s.sqlite");
  REQUIRE(lost.has_value());
  CHECK(lost->find("was damaged (database disk image is malformed)") != std::string::npos);
  CHECK(TrialStore(folder / "s.sqlite").count(Phase::kSearch) > 0);
}

TEST_CASE("a synchronous search that lost its proposals keeps its trials") {
  TempFolder folder;
  write_store(folder / "s.sqlite");
  const auto expected = comparable(TrialStore(folder / "s.sqlite").trials(Phase::kSearch));
  overwrite_table(folder / "s.sqlite", "proposals");
  const auto lost = rescue_store(folder / "s.sqlite");
  REQUIRE(lost.has_value());
  CHECK(lost->find("the first 24 trials are kept, to trial 23") != std::string::npos);
  CHECK(lost->find("; proposals are lost; ") != std::string::npos);
  CHECK(comparable(TrialStore(folder / "s.sqlite").trials(Phase::kSearch)) == expected);
}

TEST_CASE("a store that lost all trials keeps the attempts, and nothing is trained again") {
  TempFolder folder;
  write_store(folder / "s.sqlite");
  const auto expected = comparable(TrialStore(folder / "s.sqlite").trials(Phase::kSearch));
  overwrite_table(folder / "s.sqlite", "trials");
  const auto lost = rescue_store(folder / "s.sqlite");
  REQUIRE(lost.has_value());
  CHECK(lost->find("no trial is kept, all are done again, without training where one of the ") !=
        std::string::npos);
  TrialStore store(folder / "s.sqlite");
  CHECK(store.fact(kConfigFact) == "x");
  const auto config = small_config();
  const auto evaluator = make_evaluator(config.accuracy);
  CountingExecutor none(*evaluator);
  search_once(config, store, none, /*record_attempts=*/true);
  CHECK(none.submitted == 0);
  CHECK(comparable(store.trials(Phase::kSearch)) == expected);
}

TEST_CASE("flipped bits anywhere cost the trials from there on, never a wrong result") {
  TempFolder folder;
  write_store(folder / "whole.sqlite");
  const std::string whole = bytes_of(folder / "whole.sqlite");
  const auto expected = comparable(TrialStore(folder / "whole.sqlite").trials(Phase::kSearch));
  RandomStream random(1, 2, "flip");
  int rescued = 0;
  for (int n = 0; n < 60; ++n) {
    std::string flipped = whole;
    const auto place = static_cast<size_t>(random.uniform() * static_cast<double>(whole.size()));
    flipped[place] = static_cast<char>(flipped[place] ^ 0x10);
    INFO("bit flipped in byte " << place);
    const auto file = folder / (std::to_string(n) + ".sqlite");
    write_bytes(file, flipped);
    rescued += survives(file, expected) ? 1 : 0;
  }
  CHECK(rescued > 0);
}

TEST_CASE("a bit flipped in the text of the schema is found out") {
  TempFolder folder;
  write_store(folder / "whole.sqlite");
  const std::string whole = bytes_of(folder / "whole.sqlite");
  const size_t table = whole.find("architecture TEXT NOT NULL");
  REQUIRE(table < 4096);  // in the first page, where the schema is
  for (size_t place = table; place < table + 300; place += 7) {
    std::string flipped = whole;
    flipped[place] = static_cast<char>(flipped[place] ^ 0x10);
    INFO("bit flipped in byte " << place);
    const auto file = folder / (std::to_string(place) + ".sqlite");
    write_bytes(file, flipped);
    bool found_out = true;
    try {
      found_out = rescue_store(file).has_value();
    } catch (const Error& error) {
      found_out = error.kind() == ErrorKind::kRun;
    }
    CHECK(found_out);
  }
}

TEST_CASE("a damaged attempt or learning curve costs that attempt, and no trial") {
  for (const char* damage :
       {"UPDATE metrics SET value = value + 1e-9 WHERE trial = 3 AND epoch = 2",
        "DELETE FROM metrics WHERE trial = 3 AND epoch = 2",
        "UPDATE attempts SET host = 'elsewhere' WHERE trial = 3"}) {
    TempFolder folder;
    const auto file = folder / "s.sqlite";
    write_store(file);
    const size_t metrics = metrics_of(file);
    Database(file).execute(damage);
    CHECK(error_of([&] {
            TrialStore(file).attempts(3);
          }).find("attempt 0 at trial 3 does not match its checksum") != std::string::npos);
    const auto lost = rescue_store(file);
    REQUIRE(lost.has_value());
    CHECK(lost->find("the first 24 trials are kept") != std::string::npos);
    CHECK(lost->find("; 1 attempts are lost; ") != std::string::npos);
    CHECK(TrialStore(file).attempts(3).empty());
    CHECK(TrialStore(file).attempts(4).size() == 1);
    CHECK(metrics_of(file) == metrics - 4);
    CHECK_FALSE(rescue_store(file).has_value());
  }
}

TEST_CASE("a damaged proposal is made again, and costs a synchronous search no trial") {
  TempFolder folder;
  const auto file = folder / "s.sqlite";
  write_store(file);
  const auto expected = comparable(TrialStore(file).trials(Phase::kSearch));
  const uint64_t id = TrialStore(file).proposals().back().id;
  Database(file).execute("UPDATE proposals SET genotype = '0.0' WHERE id = " + std::to_string(id));
  CHECK(error_of([&] {
          TrialStore(file).proposals();
        }).find("proposal " + std::to_string(id) + " does not match its checksum") !=
        std::string::npos);
  const auto lost = rescue_store(file);
  REQUIRE(lost.has_value());
  CHECK(lost->find("the first 24 trials are kept") != std::string::npos);
  CHECK(lost->find("; 1 proposal is lost and made again; ") != std::string::npos);
  CHECK_FALSE(rescue_store(file).has_value());
  CHECK(comparable(TrialStore(file).trials(Phase::kSearch)) == expected);
}

TEST_CASE("a damaged proposal in flight is derived anew from the controller") {
  TempFolder folder;
  const auto config = small_config();
  const auto evaluator = make_evaluator(config.accuracy);
  InProcessExecutor whole(*evaluator);
  TrialStore undisturbed(folder / "whole.sqlite");
  const auto expected = comparable(search_once(config, undisturbed, whole));
  const auto file = folder / "s.sqlite";
  {
    TrialStore store(file);
    ReversedExecutor killed(*evaluator, 6);
    CHECK_THROWS_AS(search_once(config, store, killed), Error);
    REQUIRE(store.proposals().size() > store.count(Phase::kSearch));
  }
  const size_t recorded = TrialStore(file).count(Phase::kSearch);
  Database(file).execute("UPDATE proposals SET genotype = '0.0' WHERE id >= " +
                         std::to_string(recorded) + " AND genotype IS NOT NULL");
  const auto lost = rescue_store(file);
  REQUIRE(lost.has_value());
  CHECK(lost->find(" lost and made again; ") != std::string::npos);
  TrialStore store(file);
  InProcessExecutor rest(*evaluator);
  CHECK(comparable(search_once(config, store, rest)) == expected);
  const auto proposals = store.proposals();
  const auto made = undisturbed.proposals();
  for (const auto& proposal : proposals) {
    CHECK(std::any_of(made.begin(), made.end(), [&](const Proposal& other) {
      return other.id == proposal.id && other.genotype == proposal.genotype;
    }));
  }
}

TEST_CASE("a damaged proposal costs an asynchronous search the trials learned from it on") {
  TempFolder folder;
  const auto file = folder / "s.sqlite";
  const auto config = async_config();
  {
    TrialStore store(file);
    REQUIRE(search_async(config, store, 12).interrupted);
  }
  const auto in_order = [&] {
    auto trials = TrialStore(file).trials(Phase::kSearch);
    std::sort(trials.begin(), trials.end(),
              [](const Trial& a, const Trial& b) { return a.commit_index < b.commit_index; });
    return trials;
  };
  const auto before = in_order();
  REQUIRE(before.size() > 8);
  Database(file).execute(
      "UPDATE proposals SET log_probability = log_probability - 1e-9 WHERE id = " +
      std::to_string(before[8].id));
  const auto lost = rescue_store(file, /*needs_proposals=*/true);
  REQUIRE(lost.has_value());
  CHECK(lost->find("the first 8 trials are kept") != std::string::npos);
  CHECK(in_order().size() == 8);
  TrialStore store(file);
  search_async(config, store);
  CHECK(store.count(Phase::kSearch) == 24);
  for (size_t place = 0; place < 8; ++place)
    CHECK(comparable(in_order()[place]) == comparable(before[place]));
}

TEST_CASE("an asynchronous search draws a damaged proposal in flight anew") {
  TempFolder folder;
  const auto file = folder / "s.sqlite";
  const auto config = async_config();
  uint64_t open = 0;
  size_t recorded = 0;
  {
    TrialStore store(file);
    REQUIRE(search_async(config, store, 12).interrupted);
    recorded = store.count(Phase::kSearch);
    while (store.find(open)) ++open;
    REQUIRE(open + 1 < store.proposals().size());  // not the last one: it leaves a gap
  }
  Database(file).execute("UPDATE proposals SET genotype = '0.0' WHERE id = " +
                         std::to_string(open));
  const auto lost = rescue_store(file, /*needs_proposals=*/true);
  REQUIRE(lost.has_value());
  CHECK(lost->find("the first " + std::to_string(recorded) + " trials are kept") !=
        std::string::npos);
  TrialStore store(file);
  search_async(config, store);
  CHECK(store.count(Phase::kSearch) == 24);
  REQUIRE(store.find(open).has_value());
  CHECK(store.find(open)->genotype == store.proposals()[open].genotype);
}

TEST_CASE("a gap in the ids is no damage, a gap in the order of commits is") {
  TempFolder folder;
  const auto file = folder / "s.sqlite";
  {
    TrialStore store(file);
    for (const uint64_t id : {0, 2, 5, 1}) {  // as an asynchronous search commits them
      Trial trial;
      trial.id = id;
      trial.status = TrialStatus::kComplete;
      store.append(trial);
    }
  }
  CHECK_FALSE(rescue_store(file).has_value());
  Database(file).execute("DELETE FROM trials WHERE id = 5");
  CHECK(rescue_store(file)->find("the first 2 trials are kept, to trial 2") != std::string::npos);
}

TEST_CASE("a store that may not be written is refused before anything is spent") {
  TempFolder folder;
  const auto file = folder / "s.sqlite";
  { TrialStore store(file); }
  fs::permissions(folder.path(), fs::perms(0555));
  fs::permissions(file, fs::perms(0444));
  const pid_t child = fork();  // root may write anything: look with other eyes
  if (child == 0) {
    if (geteuid() == 0 && setuid(65534) != 0) _exit(2);
    try {
      TrialStore store(file);
    } catch (const Error& error) {
      const bool said = std::string(error.what()).find(": is read-only; ") != std::string::npos;
      _exit(error.kind() == ErrorKind::kIo && said ? 0 : 1);
    }
    _exit(3);
  }
  int status = 0;
  waitpid(child, &status, 0);
  fs::permissions(folder.path(), fs::perms(0755));
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("opening a damaged run rescues it; reading it says what to do") {
  TempFolder folder;
  const auto config = small_config();
  {
    RunDirectory run = RunDirectory::create(folder / "run", config);
    const auto evaluator = make_evaluator(config.accuracy);
    InProcessExecutor executor(*evaluator);
    search_once(config, run.store(), executor);
  }
  const auto file = folder / "run" / "store.sqlite";
  Database(file).execute("UPDATE trials SET accuracy = 0.999 WHERE id = 9");
  CHECK(error_of([&] {
          RunDirectory::read(folder / "run").store().trials(Phase::kSearch);
        }).find("`ridgeline resume` keeps what is sound of it") != std::string::npos);
  RunDirectory run = RunDirectory::open(folder / "run");
  CHECK(run.store().count(Phase::kSearch) == 9);
  CHECK(run.store().events().back().kind == "rescued");
  CHECK(run.store().events().back().text.find("the first 9 trials are kept, to trial 8") !=
        std::string::npos);
}
