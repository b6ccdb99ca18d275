#include "experiments/store/store_schema.h"

#include <array>
#include <cstdlib>
#include <sstream>

#include "core/error.h"
#include "experiments/store/store_rows.h"

namespace ridgeline {
namespace {

constexpr const char* kVersion1 = R"(
CREATE TABLE facts (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE trials (
  id INTEGER PRIMARY KEY,
  phase TEXT NOT NULL,
  batch INTEGER NOT NULL,
  genotype TEXT NOT NULL,
  architecture TEXT NOT NULL,
  status TEXT NOT NULL,
  accuracy REAL NOT NULL,
  latency_ms REAL NOT NULL,
  reward REAL NOT NULL,
  loss REAL NOT NULL,
  params INTEGER NOT NULL,
  madds INTEGER NOT NULL,
  reused_from INTEGER NOT NULL,
  seconds REAL NOT NULL,
  finished_at TEXT NOT NULL,
  message TEXT NOT NULL
) STRICT;
CREATE INDEX trials_by_phase ON trials (phase, id);
)";

// A new version has new configuration keys, and so another identity of the same configuration: the
// fact is taken anew by the first resume, which checks every recorded proposal anyway.
constexpr const char* kVersion2 = R"(
ALTER TABLE trials ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
CREATE TABLE batches (
  id INTEGER PRIMARY KEY,
  first_trial INTEGER NOT NULL,
  trials INTEGER NOT NULL,
  mean_reward REAL NOT NULL,
  loss REAL NOT NULL,
  baseline REAL NOT NULL,
  entropy REAL NOT NULL,
  gradient_norm REAL NOT NULL,
  learned_at TEXT NOT NULL
) STRICT;
CREATE TABLE attempts (
  trial INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  network INTEGER NOT NULL,
  host TEXT NOT NULL,
  status TEXT NOT NULL,
  accuracy REAL NOT NULL,
  loss REAL NOT NULL,
  seconds REAL NOT NULL,
  finished_at TEXT NOT NULL,
  cause TEXT NOT NULL,
  log_tail TEXT NOT NULL,
  PRIMARY KEY (trial, attempt)
) STRICT, WITHOUT ROWID;
CREATE TABLE events (
  id INTEGER PRIMARY KEY,
  time TEXT NOT NULL,
  kind TEXT NOT NULL,
  text TEXT NOT NULL
) STRICT;
CREATE TABLE checkpoints (
  trials INTEGER PRIMARY KEY,
  next_batch INTEGER NOT NULL,
  history INTEGER NOT NULL,
  state BLOB NOT NULL
) STRICT;
DELETE FROM facts WHERE key = 'config';
)";

// What refers to something says so. An attempt is recorded before its trial, which waits for its
// place in the order: both refer to the proposal. A batch is open (`learned_at` is NULL) from its
// first trial on. A table that gets constraints has to be made anew. The batch of a trial outside
// the search meant no update, but its checksum covers it.
constexpr const char* kVersion3 = R"(
CREATE TABLE proposals (
  id INTEGER PRIMARY KEY,
  updates INTEGER,
  log_probability REAL,
  genotype TEXT
) STRICT;
INSERT INTO proposals (id) SELECT id FROM trials UNION SELECT trial FROM attempts;
CREATE TABLE new_batches (
  id INTEGER PRIMARY KEY,
  first_trial INTEGER NOT NULL,
  trials INTEGER,
  mean_reward REAL,
  loss REAL,
  baseline REAL,
  entropy REAL,
  gradient_norm REAL,
  learned_at TEXT
) STRICT;
INSERT INTO new_batches SELECT * FROM batches;
INSERT OR IGNORE INTO new_batches (id, first_trial)
  SELECT batch, min(id) FROM trials WHERE phase = 'search' GROUP BY batch;
DROP TABLE batches;
ALTER TABLE new_batches RENAME TO batches;
CREATE TABLE new_trials (
  id INTEGER PRIMARY KEY REFERENCES proposals (id),
  place INTEGER NOT NULL UNIQUE,
  phase TEXT NOT NULL,
  batch INTEGER REFERENCES batches (id),
  genotype TEXT NOT NULL,
  architecture TEXT NOT NULL,
  status TEXT NOT NULL,
  accuracy REAL NOT NULL,
  latency_ms REAL NOT NULL,
  reward REAL NOT NULL,
  loss REAL NOT NULL,
  params INTEGER NOT NULL,
  madds INTEGER NOT NULL,
  reused_from INTEGER NOT NULL,
  seconds REAL NOT NULL,
  finished_at TEXT NOT NULL,
  message TEXT NOT NULL,
  checksum INTEGER NOT NULL
) STRICT;
INSERT INTO new_trials
  SELECT id, row_number() OVER (ORDER BY max(id, 999999), batch, id) - 1, phase,
    CASE WHEN phase = 'search' THEN batch END, genotype, architecture, status, accuracy, latency_ms,
    reward, loss, params, madds, reused_from, seconds, finished_at, message,
    CASE WHEN phase = 'search' OR batch = 0 THEN checksum ELSE 0 END
  FROM trials;
DROP TABLE trials;
ALTER TABLE new_trials RENAME TO trials;
CREATE INDEX trials_by_phase ON trials (phase, id);
CREATE TABLE new_attempts (
  trial INTEGER NOT NULL REFERENCES proposals (id),
  attempt INTEGER NOT NULL,
  network INTEGER NOT NULL,
  host TEXT NOT NULL,
  status TEXT NOT NULL,
  accuracy REAL NOT NULL,
  loss REAL NOT NULL,
  seconds REAL NOT NULL,
  finished_at TEXT NOT NULL,
  cause TEXT NOT NULL,
  log_tail TEXT NOT NULL,
  checksum INTEGER NOT NULL,
  PRIMARY KEY (trial, attempt)
) STRICT, WITHOUT ROWID;
INSERT INTO new_attempts SELECT *, 0 FROM attempts;
DROP TABLE attempts;
ALTER TABLE new_attempts RENAME TO attempts;
CREATE TABLE metrics (
  trial INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  name TEXT NOT NULL,
  value REAL NOT NULL,
  PRIMARY KEY (trial, attempt, epoch, name),
  FOREIGN KEY (trial, attempt) REFERENCES attempts (trial, attempt) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE TABLE new_checkpoints (
  trials INTEGER PRIMARY KEY,
  batch INTEGER NOT NULL REFERENCES batches (id),
  history INTEGER NOT NULL,
  state BLOB NOT NULL
) STRICT;
INSERT INTO new_checkpoints SELECT trials, next_batch - 1, history, state FROM checkpoints
  WHERE next_batch - 1 IN (SELECT id FROM batches);
DROP TABLE checkpoints;
ALTER TABLE new_checkpoints RENAME TO checkpoints;
DELETE FROM facts WHERE key = 'config';
)";

// Several latency targets: what every further accelerator takes for the trial's network.
constexpr const char* kVersion4 = R"(
ALTER TABLE trials ADD COLUMN further_latencies TEXT NOT NULL DEFAULT '';
DELETE FROM facts WHERE key = 'config';
)";

// What is in flight when the search is killed is run again as proposed, or not at all.
constexpr const char* kVersion5 = R"(
ALTER TABLE proposals ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
DELETE FROM facts WHERE key = 'config';
)";
constexpr std::array<const char*, kStoreVersion> kMigrations = {kVersion1, kVersion2, kVersion3,
                                                                kVersion4, kVersion5};

/// Tables that others refer to are replaced: references hold again at the end.
void upgrade(Database& database, int64_t found) {
  database.execute("PRAGMA foreign_keys = OFF");
  Transaction transaction(database);
  for (auto version = static_cast<size_t>(found); version < kMigrations.size(); ++version)
    database.execute(kMigrations[version]);
  if (found < 3) move_proposals(database);
  database.execute("PRAGMA user_version = " + std::to_string(kStoreVersion));
  transaction.commit();
}

}  // namespace

// A fact was "UPDATES LOG_PROBABILITY GENOTYPE". Read here, since SQLite's own reading of a number
// may miss its last bit.
void move_proposals(Database& database) {
  Statement facts(database, "SELECT key, value FROM facts WHERE key LIKE 'proposal of %'");
  while (facts.row()) {
    std::istringstream value(facts.text(1));
    Proposal proposal{.id = std::stoull(facts.text(0).substr(12)), .genotype = {}};
    std::string log_probability;
    value >> proposal.updates >> log_probability >> proposal.genotype;
    proposal.log_probability = std::strtod(log_probability.c_str(), nullptr);
    write_proposal(database, proposal);
  }
  database.execute("DELETE FROM facts WHERE key LIKE 'proposal of %'");
}

void migrate_store(Database& database) {
  const int64_t found = database.integer("PRAGMA user_version");
  const std::string where = database.path().string();
  if (found > kStoreVersion) {
    throw Error(ErrorKind::kRun, where + ": written by a newer Ridgeline (store version " +
                                     std::to_string(found) + ", this one knows " +
                                     std::to_string(kStoreVersion) + "); use that version");
  }
  if (database.read_only()) {
    if (found == kStoreVersion) return;
    throw Error(ErrorKind::kRun,
                where + (found == 0 ? ": is an empty store"
                                    : ": was written by an older Ridgeline (store version " +
                                          std::to_string(found) +
                                          "); `ridgeline resume` brings it up to date"));
  }
  if (found < kStoreVersion) upgrade(database, found);
  database.execute("PRAGMA foreign_keys = ON");
}

std::string journal_mode_for(long file_system_type) {
  // Magic numbers of statfs(2): NFS, SMB, CIFS, SMB2, Lustre, GPFS, Ceph, 9P, FUSE (sshfs and
  // others), AFS, BeeGFS, OCFS2, GFS2, PanFS.
  for (const unsigned long network :
       {0x6969UL, 0x517BUL, 0xFF534D42UL, 0xFE534D42UL, 0x0BD00BD0UL, 0x47504653UL, 0x00C36400UL,
        0x01021997UL, 0x65735546UL, 0x5346414FUL, 0x19830326UL, 0x7461636FUL, 0x01161970UL,
        0xAAD7AAEAUL}) {
    if ((static_cast<unsigned long>(file_system_type) & 0xFFFFFFFFUL) == network) return "DELETE";
  }
  return "WAL";
}

}  // namespace ridgeline
