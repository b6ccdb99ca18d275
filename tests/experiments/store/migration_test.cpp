#include <sqlite3.h>

#include "experiments/store/store.h"
#include "experiments/store/store_rescue.h"
#include "experiments/store/store_schema.h"
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

/// What version 2 added to that: an asynchronous search that was killed while trial 2 ran, and one
/// trial of the scaling.
constexpr const char* kVersion2 = R"(
ALTER TABLE trials ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
CREATE TABLE batches (id INTEGER PRIMARY KEY, first_trial INTEGER NOT NULL, trials INTEGER NOT NULL,
  mean_reward REAL NOT NULL, loss REAL NOT NULL, baseline REAL NOT NULL, entropy REAL NOT NULL,
  gradient_norm REAL NOT NULL, learned_at TEXT NOT NULL) STRICT;
CREATE TABLE attempts (trial INTEGER NOT NULL, attempt INTEGER NOT NULL, network INTEGER NOT NULL,
  host TEXT NOT NULL, status TEXT NOT NULL, accuracy REAL NOT NULL, loss REAL NOT NULL,
  seconds REAL NOT NULL, finished_at TEXT NOT NULL, cause TEXT NOT NULL, log_tail TEXT NOT NULL,
  PRIMARY KEY (trial, attempt)) STRICT, WITHOUT ROWID;
CREATE TABLE events (id INTEGER PRIMARY KEY, time TEXT NOT NULL, kind TEXT NOT NULL,
  text TEXT NOT NULL) STRICT;
CREATE TABLE checkpoints (trials INTEGER PRIMARY KEY, next_batch INTEGER NOT NULL,
  history INTEGER NOT NULL, state BLOB NOT NULL) STRICT;
UPDATE trials SET batch = 1 WHERE id = 0;
INSERT INTO trials VALUES (3, 'search', 1, '0.3', 'name: c', 'complete', 0.5, 2.5, 0.4, 1.5, 10, 20,
  -1, 3.5, '2026-01-01T00:00:00Z', '', 0);
INSERT INTO trials VALUES (2000000, 'scaling', 1, '', 'name: s', 'complete', 0.5, 2.5, 0.4, 1.5, 10,
  20, -1, 3.5, '2026-01-01T00:00:00Z', '', 77);
INSERT INTO batches VALUES (0, 1, 1, 0.5, 0.25, 0.1, 2.5, 0.75, 'then');
INSERT INTO attempts VALUES (1, 0, -5, 'there', 'crashed', 0, 0, 3.5, 'then', 'a cause', 'last words');
INSERT INTO attempts VALUES (2, 0, 7, 'there', 'complete', 0.75, 1, 3.5, 'then', '', '');
INSERT INTO events VALUES (1, 'then', 'started', 'x');
INSERT INTO checkpoints VALUES (1, 1, 99, x'00ff');
INSERT INTO facts VALUES ('proposal of 0', '0 -1.2345678901234567 0.1'),
  ('proposal of 1', '0 -2.5 0.2'), ('proposal of 2', '0 -0.1 0.4'),
  ('proposal of 3', '1 -3.0000000000000004 0.3');
PRAGMA user_version = 2;
)";

void write_old_store(const std::filesystem::path& file, int version) {
  sqlite3* database = nullptr;
  REQUIRE(sqlite3_open(file.c_str(), &database) == SQLITE_OK);
  REQUIRE(sqlite3_exec(database, kVersion1, nullptr, nullptr, nullptr) == SQLITE_OK);
  if (version == 2)
    REQUIRE(sqlite3_exec(database, kVersion2, nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(database);
}

int64_t broken_references(const std::filesystem::path& file) {
  Database database(file, /*read_only=*/true);
  return database.integer("SELECT count(*) FROM pragma_foreign_key_check");
}

}  // namespace

TEST_CASE("a store of version 1 opens, keeps its trials and takes everything new") {
  TempFolder folder;
  const auto file = folder / "s.sqlite";
  write_old_store(file, 1);
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
  store.append_batch({0, 0, 3, {}}, Checkpoint{3, 0, 4, "state"});
  store.append_event("started", "");
  CHECK(store.trials(Phase::kSearch).size() == 3);
  CHECK(store.attempts(2).size() == 1);
  CHECK(store.batches() == 1);
  CHECK(store.events().size() == 1);
}

TEST_CASE("a store of version 2 keeps attempts, batches, checkpoints and proposals") {
  TempFolder folder;
  const auto file = folder / "s.sqlite";
  write_old_store(file, 2);
  TrialStore store(file);
  CHECK_FALSE(rescue_store(file).has_value());
  CHECK(broken_references(file) == 0);
  const auto trials = store.trials(Phase::kSearch);
  REQUIRE(trials.size() == 3);
  CHECK(trials[0].place == 1);  // batch by batch, as an asynchronous search learned them
  CHECK(trials[1].place == 0);
  CHECK(trials[2].place == 2);
  const auto scaling = store.trials(Phase::kScaling);
  REQUIRE(scaling.size() == 1);
  CHECK(scaling[0].place == 3);
  REQUIRE(store.recorded_attempts().size() == 2);
  const auto crashed = store.recorded_attempts(1)[0];
  CHECK(crashed.network == static_cast<uint64_t>(-5));
  CHECK(crashed.finished_at == "then");
  CHECK(crashed.result.log_tail == "last words");
  CHECK(crashed.result.evaluation.metrics.empty());
  CHECK(store.batches() == 1);
  REQUIRE(store.checkpoints().size() == 1);
  CHECK(store.checkpoints()[0].batch == 0);
  CHECK(store.checkpoints()[0].state == std::string("\0\xff", 2));
  const auto proposals = store.proposals();
  REQUIRE(proposals.size() == 4);
  CHECK(proposals[0].log_probability == -1.2345678901234567);
  CHECK(proposals[2].genotype == "0.4");
  CHECK(proposals[3].updates == 1);
  CHECK(proposals[3].log_probability == -3.0000000000000004);
  CHECK_FALSE(store.fact("proposal of 0").has_value());
  CHECK(store.fact("started_at") == "then");
  CHECK(store.events().size() == 1);
}

TEST_CASE(
    "a store of version 3 keeps its trials with their checksums, and takes further latencies") {
  TempFolder folder;
  const auto file = folder / "s.sqlite";
  Trial trial;
  trial.genotype = "0.1";
  {
    TrialStore store(file);
    store.append(trial);
    store.set_fact("config", "of version 3");
  }
  Database(file).execute(
      "ALTER TABLE trials DROP COLUMN further_latencies; "
      "ALTER TABLE proposals DROP COLUMN checksum; PRAGMA user_version = 3");
  CHECK_FALSE(rescue_store(file).has_value());
  TrialStore store(file);
  CHECK_FALSE(store.fact("config").has_value());
  trial.id = 1;
  trial.latencies = {{"", 1.0}, {"tpu_v3", 8.1}, {"v100", 1.0 / 3}};
  store.append(trial);
  const auto trials = store.trials(Phase::kSearch);
  REQUIRE(trials.size() == 2);
  CHECK(trials[0].genotype == "0.1");
  CHECK(trials[0].additional_latencies().empty());
  REQUIRE(trials[1].additional_latencies().size() == 2);
  CHECK(trials[1].additional_latencies()[0].accelerator == "tpu_v3");
  CHECK(trials[1].additional_latencies()[1].ms == 1.0 / 3);
}

TEST_CASE("a store of version 4 keeps its proposals, and gives new ones a checksum") {
  TempFolder folder;
  const auto file = folder / "s.sqlite";
  {
    TrialStore store(file);
    store.append_proposals({{0, "0.1", 3, -0.1}, {1, "0.2"}});
    store.append({});
  }
  Database(file).execute("ALTER TABLE proposals DROP COLUMN checksum; PRAGMA user_version = 4");
  CHECK_FALSE(rescue_store(file).has_value());
  TrialStore store(file);
  store.append_proposals({{2, "0.3"}});
  const auto proposals = store.proposals();
  REQUIRE(proposals.size() == 3);
  CHECK(proposals[0].genotype == "0.1");
  CHECK(proposals[0].updates == 3);
  CHECK(proposals[0].log_probability == -0.1);
  CHECK(proposals[1].updates == -1);
  CHECK(store.count(Phase::kSearch) == 1);
  Database(file).execute("UPDATE proposals SET updates = 4, log_probability = 0");
  CHECK(error_of([&] { store.proposals(); }).find("proposal 2 does not match its checksum") !=
        std::string::npos);
}

TEST_CASE("a further latency that was changed does not match the checksum") {
  TempFolder folder;
  const auto file = folder / "s.sqlite";
  {
    TrialStore store(file);
    Trial trial;
    trial.latencies = {{"", 1.0}, {"tpu_v3", 8.1}};
    store.append(trial);
    Database(file).execute("UPDATE trials SET further_latencies = 'tpu_v3=7.1'");
  }
  CHECK(error_of([&] {
          TrialStore(file).trials(Phase::kSearch);
        }).find("trial 0 does not match its checksum") != std::string::npos);
}

TEST_CASE("rows that refer to nothing are refused") {
  TempFolder folder;
  const auto file = folder / "s.sqlite";
  TrialStore store(file);
  Database database(file);
  migrate_store(database);
  for (const char* orphan :
       {"INSERT INTO metrics VALUES (0, 0, 1, 'train_loss', 1.0)",
        "INSERT INTO attempts VALUES (0, 0, 0, '', 'complete', 0, 0, 0, '', '', '', 0)",
        "INSERT INTO checkpoints VALUES (4, 0, 0, x'')",
        "INSERT INTO trials VALUES (0, 0, 'search', NULL, '', '', 'complete', 0, 0, 0, 0, 0, 0, "
        "-1, 0, '', '', 0, '')"}) {
    INFO(orphan);
    CHECK(error_of([&] { database.execute(orphan); }).find("FOREIGN KEY constraint failed") !=
          std::string::npos);
  }
}

TEST_CASE("two checkpoints are kept, newest first, byte for byte") {
  TempFolder folder;
  TrialStore store(folder / "s.sqlite");
  for (int batch = 0; batch < 5; ++batch) {
    const std::string state = std::string("\0bytes", 6) + std::to_string(batch);
    store.append_batch({batch, static_cast<uint64_t>(4 * batch), 4, {}},
                       Checkpoint{4 * (static_cast<uint64_t>(batch) + 1), batch, 99, state});
  }
  const auto checkpoints = store.checkpoints();
  REQUIRE(checkpoints.size() == 2);
  CHECK(checkpoints[0].trials == 20);
  CHECK(checkpoints[0].batch == 4);
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
