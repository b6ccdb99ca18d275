#include "experiments/store/store_schema.h"

#include "experiments/store/facts.h"
#include "experiments/store/store.h"
#include "experiments/store/store_rescue.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

/// A store that version 5 wrote, with its checksums; '%' stands for the architecture.
constexpr const char* kVersion5 =
    R"(CREATE TABLE facts (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
INSERT INTO facts VALUES('config','of version 5');
INSERT INTO facts VALUES('started_at','then');
CREATE TABLE events (
  id INTEGER PRIMARY KEY, time TEXT NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL) STRICT;
INSERT INTO events VALUES(1,'2026-11-30T21:15:33Z','started','x');
CREATE TABLE proposals (
  id INTEGER PRIMARY KEY, updates INTEGER, log_probability REAL, genotype TEXT
, checksum INTEGER NOT NULL DEFAULT 0) STRICT;
INSERT INTO proposals VALUES(0,3,-1.2345678901234567,'0.1',-6953579996904796305);
INSERT INTO proposals VALUES(1,3,-2.5,'0.-',4846184085364201432);
INSERT INTO proposals VALUES(2,NULL,NULL,'1.0',6076894218254926422);
INSERT INTO proposals VALUES(2000000,NULL,NULL,NULL,0);
CREATE TABLE "batches" (
  id INTEGER PRIMARY KEY, first_trial INTEGER NOT NULL, trials INTEGER, mean_reward REAL,
  loss REAL, baseline REAL, entropy REAL, gradient_norm REAL, learned_at TEXT) STRICT;
INSERT INTO batches VALUES(0,0,2,0.0,0.0,0.0,0.0,0.0,'2026-11-30T21:15:33Z');
CREATE TABLE "trials" (
  id INTEGER PRIMARY KEY REFERENCES proposals (id), place INTEGER NOT NULL UNIQUE,
  phase TEXT NOT NULL, batch INTEGER REFERENCES batches (id), genotype TEXT NOT NULL,
  architecture TEXT NOT NULL, status TEXT NOT NULL, accuracy REAL NOT NULL,
  latency_ms REAL NOT NULL, reward REAL NOT NULL, loss REAL NOT NULL, params INTEGER NOT NULL,
  madds INTEGER NOT NULL, reused_from INTEGER NOT NULL, seconds REAL NOT NULL,
  finished_at TEXT NOT NULL, message TEXT NOT NULL, checksum INTEGER NOT NULL
, further_latencies TEXT NOT NULL DEFAULT '') STRICT;
INSERT INTO trials VALUES(0,1,'search',0,'0.1','%','crashed',0.0,2.5,0.0,0.0,10,20,-1,0.0,
  '2026-01-01T00:00:00Z','a cause',-1791357023570225243,'');
INSERT INTO trials VALUES(1,0,'search',0,'0.-','%','complete',0.75,2.5,0.7,1.5,
  10,20,-1,3.5,'2026-01-01T00:00:00Z','',-4779576930688680839,'tpu=8.125 v100=0.5');
INSERT INTO trials VALUES(2000000,2,'scaling',NULL,'','%','complete',0.8,5.0,
  0.6,0.0,0,0,-1,0.0,'2026-01-01T00:00:00Z','alpha 1.2, beta 1.1, gamma 1',
  764095336130007947,'');
CREATE TABLE "attempts" (
  trial INTEGER NOT NULL REFERENCES proposals (id), attempt INTEGER NOT NULL,
  network INTEGER NOT NULL, host TEXT NOT NULL, status TEXT NOT NULL, accuracy REAL NOT NULL,
  loss REAL NOT NULL, seconds REAL NOT NULL, finished_at TEXT NOT NULL, cause TEXT NOT NULL,
  log_tail TEXT NOT NULL, checksum INTEGER NOT NULL, PRIMARY KEY (trial, attempt)
) STRICT, WITHOUT ROWID;
INSERT INTO attempts VALUES(0,0,-5,'there','crashed',0.0,0.0,0.0,'2026-11-30T21:15:33Z','a cause',
  'last words',-1817738991437908953);
INSERT INTO attempts VALUES(1,0,7,'there','complete',0.75,1.5,0.0,'2026-11-30T21:15:33Z','','',
  -5087795826842222856);
CREATE TABLE metrics (
  trial INTEGER NOT NULL, attempt INTEGER NOT NULL, epoch INTEGER NOT NULL, name TEXT NOT NULL,
  value REAL NOT NULL, PRIMARY KEY (trial, attempt, epoch, name),
  FOREIGN KEY (trial, attempt) REFERENCES attempts (trial, attempt) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
INSERT INTO metrics VALUES(1,0,1,'train_loss',1.5);
CREATE TABLE "checkpoints" (
  trials INTEGER PRIMARY KEY, batch INTEGER NOT NULL REFERENCES batches (id),
  history INTEGER NOT NULL, state BLOB NOT NULL) STRICT;
INSERT INTO checkpoints VALUES(2,0,99,X'00ff');
CREATE INDEX trials_by_phase ON trials (phase, id);
PRAGMA user_version = 5;
)";

constexpr const char* kArchitecture = R"(name: "a"
resolution: 224
input_channels: 3
classes: 1000
stem: {filters: 32, kernel: 3, stride: 2, activation: swish}
stages:
  - {operator: mbconv, kernel: 3, expansion: 6, se_ratio: 0.25, filters: 16, layers: 1, stride: 1, skip: true, activation: swish, reshape: none, reshape_block: 2}
head: {filters: 1280, activation: swish, dropout: 0.2}
drop_connect: 0.2
batch_norm: {epsilon: 0.001, momentum: 0.01}
)";

void write_version_5(const std::filesystem::path& file) {
  std::string sql = kVersion5;
  for (size_t at = 0; (at = sql.find("'%'", at)) != std::string::npos;)
    sql.replace(at + 1, 1, kArchitecture);
  Database(file).execute(sql);
}

}  // namespace

TEST_CASE("a store of version 5 is brought up to date, and all its checksums hold") {
  TempFolder folder;
  const auto file = folder / "s.sqlite";
  write_version_5(file);
  CHECK(error_of([&] {
          TrialStore(file, /*read_only=*/true);
        }).find("(store version 5); `ridgeline resume` brings it up to date") != std::string::npos);
  SECTION("by a resume, which looks for damage first") {
    CHECK_FALSE(rescue_store(file).has_value());
  }
  SECTION("by opening it") {}
  TrialStore store(file);
  const auto trials = store.trials(Phase::kSearch);
  REQUIRE(trials.size() == 2);
  CHECK(trials[0].commit_index == 1);
  CHECK(trials[0].genotype == Genotype{0, 1});
  CHECK(trials[0].status == TrialStatus::kCrashed);
  CHECK(trials[0].cause == "a cause");
  CHECK(trials[1].genotype == Genotype{0, kInactive});
  CHECK(to_yaml(trials[1].architecture) == kArchitecture);
  REQUIRE(trials[1].additional_latencies().size() == 2);
  CHECK(trials[1].additional_latencies()[0].accelerator == "tpu");
  CHECK(trials[1].additional_latencies()[1].ms == 0.5);
  CHECK(store.find(kFirstScalingId)->cause == "alpha 1.2, beta 1.1, gamma 1");
  const auto proposals = store.proposals();
  REQUIRE(proposals.size() == 3);
  CHECK(proposals[0].log_probability == -1.2345678901234567);
  CHECK(proposals[2].updates == -1);
  const auto attempts = store.recorded_attempts();
  REQUIRE(attempts.size() == 2);
  CHECK(attempts[0].network == static_cast<uint64_t>(-5));
  CHECK(attempts[1].result.evaluation.metrics.size() == 1);
  CHECK(store.checkpoints()[0].state == std::string("\0\xff", 2));
  CHECK(store.fact(kStartedFact) == "then");
  CHECK_FALSE(store.fact(kConfigFact).has_value());  // the next resume takes it anew
  Trial trial;
  trial.id = 2;
  trial.status = TrialStatus::kComplete;
  store.append(trial);
  CHECK(store.find(2)->commit_index == 3);
  CHECK_FALSE(rescue_store(file).has_value());
}

TEST_CASE("a store of version 8 can be read as it is, and a resume gives it stopped trials") {
  TempFolder folder;
  const auto file = folder / "s.sqlite";
  Trial trial;
  trial.status = TrialStatus::kComplete;
  trial.accuracy = 0.5;
  {
    TrialStore store(file);
    store.append(trial);
    store.set_fact(kConfigFact, "of version 8");
  }
  Database(file).execute(
      "ALTER TABLE trials DROP COLUMN stopped_at_epoch; PRAGMA user_version = 8");
  {
    const TrialStore store(file, /*read_only=*/true);
    CHECK(store.trials(Phase::kSearch).at(0).accuracy == 0.5);
    CHECK(store.count(Phase::kSearch) == 1);
    CHECK(store.best(Phase::kSearch)->stopped_at_epoch == 0);
  }
  CHECK(Database(file).integer("PRAGMA user_version") == 8);
  TrialStore store(file);
  CHECK_FALSE(store.fact(kConfigFact).has_value());
  CHECK(store.find(0)->accuracy == 0.5);
  trial.id = 1;
  trial.status = TrialStatus::kStopped;
  trial.stopped_at_epoch = 3;
  store.append(trial);
  CHECK(store.find(1)->stopped_at_epoch == 3);
  CHECK(store.find(1)->status == TrialStatus::kStopped);
  CHECK_FALSE(rescue_store(file).has_value());
  Database(file).execute("UPDATE trials SET stopped_at_epoch = '4' WHERE id = 1");
  CHECK(error_of([&] { store.trials(Phase::kSearch); }).find("trial 1 does not match") !=
        std::string::npos);
}

TEST_CASE("damage to a store of version 5 is found when it is brought up to date") {
  TempFolder folder;
  const auto file = folder / "s.sqlite";
  write_version_5(file);
  Database(file).execute("UPDATE trials SET further_latencies = 'tpu=8.125' WHERE id = 1");
  const auto lost = rescue_store(file);
  REQUIRE(lost.has_value());
  CHECK(lost->find("trial 1 does not match its checksum") != std::string::npos);
  CHECK(lost->find("no trial is kept") != std::string::npos);
  CHECK(TrialStore(file).recorded_attempts().size() == 2);
}

TEST_CASE("a store of a version that this program does not read says which it reads") {
  TempFolder folder;
  const auto file = folder / "s.sqlite";
  for (const int version : {4, kStoreVersion + 1}) {
    Database(file).execute("PRAGMA user_version = " + std::to_string(version));
    const std::string message =
        file.string() + ": was written by " + (version == 4 ? "an older" : "a newer") +
        " Ridgeline (store version " + std::to_string(version) +
        "); this one reads versions 5 to 9: use the one that wrote it, or start a new run";
    CHECK(error_of([&] { TrialStore{file}; }) == message);
    CHECK(error_of([&] { TrialStore(file, /*read_only=*/true); }) == message);
    CHECK_FALSE(rescue_store(file).has_value());  // opening it says so
  }
}

TEST_CASE("a latency or a coefficient that was changed does not match the checksum") {
  TempFolder folder;
  for (const char* change :
       {"additional_latencies = 'tpu_v3=7.1'", "coefficients = '1 1 1.5'", "coefficients = ''"}) {
    const auto file = folder / (std::string(change).substr(0, 16) + ".sqlite");
    std::filesystem::remove(file);
    TrialStore store(file);
    Trial trial;
    trial.status = TrialStatus::kComplete;
    trial.latencies = {{"", 1.0}, {"tpu_v3", 8.1}};
    trial.coefficients = {1, 1, 1.25};
    store.append(trial);
    CHECK(store.find(0)->latencies[1].ms == 8.1);
    CHECK(store.find(0)->coefficients->gamma == 1.25);
    Database(file).execute(std::string("UPDATE trials SET ") + change);
    CHECK(error_of([&] {
            store.trials(Phase::kSearch);
          }).find("trial 0 does not match its checksum") != std::string::npos);
  }
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
        "-1, 0, '', '', 0, '', '', '')"}) {
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
    Trial trial;
    trial.status = TrialStatus::kComplete;
    store.append(trial);
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
