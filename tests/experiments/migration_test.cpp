#include <sqlite3.h>

#include "experiments/store.h"
#include "experiments/store_schema.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

/// A store as version 1 wrote it.
constexpr const char* kVersion1 = R"(
CREATE TABLE facts (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE trials (id INTEGER PRIMARY KEY, phase TEXT NOT NULL, batch INTEGER NOT NULL,
  genotype TEXT NOT NULL, architecture TEXT NOT NULL, status TEXT NOT NULL, accuracy REAL NOT NULL,
  latency_ms REAL NOT NULL, reward REAL NOT NULL, loss REAL NOT NULL, params INTEGER NOT NULL,
  madds INTEGER NOT NULL, reused_from INTEGER NOT NULL, seconds REAL NOT NULL,
  finished_at TEXT NOT NULL, message TEXT NOT NULL) STRICT;
CREATE INDEX trials_by_phase ON trials (phase, id);
INSERT INTO trials VALUES (0, 'search', 0, '0.1', 'name: a', 'complete', 0.5, 2.5, 0.4, 1.5, 10, 20,
  -1, 3.5, '2026-01-01T00:00:00Z', '');
INSERT INTO trials VALUES (1, 'search', 0, '0.2', 'name: b', 'crashed', 0, 2.5, 0, 0, 10, 20, -1, 3.5,
  '2026-01-01T00:00:00Z', 'a cause');
INSERT INTO facts VALUES ('config', 'of version 1'), ('started_at', 'then');
PRAGMA user_version = 1;
)";

void write_version_1(const std::filesystem::path& file) {
  sqlite3* database = nullptr;
  REQUIRE(sqlite3_open(file.c_str(), &database) == SQLITE_OK);
  REQUIRE(sqlite3_exec(database, kVersion1, nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(database);
}

}  // namespace

TEST_CASE("a store of version 1 opens, keeps its trials and takes everything new") {
  TempFolder folder;
  const auto file = folder / "s.sqlite";
  write_version_1(file);
  CHECK(error_of([&] {
          TrialStore(file, /*read_only=*/true);
        }).find("`ridgeline resume` brings it up to date") != std::string::npos);
  for (int opened = 0; opened < 2; ++opened) {
    TrialStore store(file);
    const auto trials = store.trials(Phase::kSearch);
    REQUIRE(trials.size() == 2);
    CHECK(trials[0].genotype == "0.1");
    CHECK(trials[0].seconds == 3.5);
    CHECK(trials[1].status == TrialStatus::kCrashed);
    CHECK(trials[1].message == "a cause");
    CHECK(store.fact("started_at") == "then");
    CHECK_FALSE(store.fact("config").has_value());  // taken anew by the first resume
  }
  TrialStore store(file);
  Trial trial;
  trial.id = 2;
  store.append(trial);
  store.append_attempt({2, 0, {}, "host"});
  store.append_batch({0, 0, 3, {}}, Checkpoint{3, 1, 4, "state"});
  store.append_event("started", "");
  CHECK(store.trials(Phase::kSearch).size() == 3);
  CHECK(store.attempts(2).size() == 1);
  CHECK(store.batches() == 1);
  CHECK(store.events().size() == 1);
}

TEST_CASE("two checkpoints are kept, newest first, byte for byte") {
  TempFolder folder;
  TrialStore store(folder / "s.sqlite");
  for (int batch = 0; batch < 5; ++batch) {
    const std::string state = std::string("\0bytes", 6) + std::to_string(batch);
    store.append_batch({batch, static_cast<uint64_t>(4 * batch), 4, {}},
                       Checkpoint{4 * (static_cast<uint64_t>(batch) + 1), batch + 1, 99, state});
  }
  const auto checkpoints = store.checkpoints();
  REQUIRE(checkpoints.size() == 2);
  CHECK(checkpoints[0].trials == 20);
  CHECK(checkpoints[0].next_batch == 5);
  CHECK(checkpoints[0].history == 99);
  CHECK(checkpoints[0].state == std::string("\0bytes4", 7));
  CHECK(checkpoints[1].trials == 16);
}

TEST_CASE("a trial that does not match its checksum is damage, not a result") {
  TempFolder folder;
  const auto file = folder / "s.sqlite";
  {
    TrialStore store(file);
    store.append({});
    Database(file).execute("UPDATE trials SET reward = 0.7");
  }
  CHECK(error_of([&] {
          TrialStore(file).trials(Phase::kSearch);
        }).find("trial 0 does not match its checksum") != std::string::npos);
}

TEST_CASE("the rollback journal is used on network file systems, WAL elsewhere") {
  CHECK(journal_mode_for(0xEF53) == "WAL");                               // ext4
  CHECK(journal_mode_for(0x58465342) == "WAL");                           // XFS
  CHECK(journal_mode_for(0x6969) == "DELETE");                            // NFS
  CHECK(journal_mode_for(0x0BD00BD0) == "DELETE");                        // Lustre
  CHECK(journal_mode_for(static_cast<int32_t>(0xFF534D42)) == "DELETE");  // CIFS, sign-extended
}
