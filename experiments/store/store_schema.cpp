#include "experiments/store/store_schema.h"

#include "core/error.h"
#include "experiments/store/facts.h"
#include "experiments/store/store_rows.h"

namespace ridgeline {
namespace {

// What refers to something says so. An attempt is recorded before its trial, which waits for its
// turn in the order of commits: both refer to the proposal. A batch is open (`learned_at` is NULL)
// from its first trial on.
constexpr const char* kSchema = R"(
CREATE TABLE facts (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE events (
  id INTEGER PRIMARY KEY, time TEXT NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL) STRICT;
CREATE TABLE proposals (
  id INTEGER PRIMARY KEY, updates INTEGER, log_probability REAL, genotype TEXT,
  checksum INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE batches (
  id INTEGER PRIMARY KEY, first_trial INTEGER NOT NULL, trials INTEGER, mean_reward REAL,
  loss REAL, baseline REAL, entropy REAL, gradient_norm REAL, learned_at TEXT) STRICT;
CREATE TABLE trials (
  id INTEGER PRIMARY KEY REFERENCES proposals (id), commit_index INTEGER NOT NULL UNIQUE,
  phase TEXT NOT NULL, batch INTEGER REFERENCES batches (id), genotype TEXT NOT NULL,
  architecture TEXT NOT NULL, status TEXT NOT NULL, accuracy REAL NOT NULL,
  latency_ms REAL NOT NULL, reward REAL NOT NULL, loss REAL NOT NULL, params INTEGER NOT NULL,
  madds INTEGER NOT NULL, reused_from INTEGER NOT NULL, seconds REAL NOT NULL,
  finished_at TEXT NOT NULL, cause TEXT NOT NULL, checksum INTEGER NOT NULL,
  additional_latencies TEXT NOT NULL DEFAULT '', coefficients TEXT NOT NULL DEFAULT '',
  stopped_at_epoch TEXT NOT NULL DEFAULT '') STRICT;
CREATE INDEX trials_by_phase ON trials (phase, id);
CREATE TABLE attempts (
  trial INTEGER NOT NULL REFERENCES proposals (id), attempt INTEGER NOT NULL,
  network INTEGER NOT NULL, host TEXT NOT NULL, status TEXT NOT NULL, accuracy REAL NOT NULL,
  loss REAL NOT NULL, seconds REAL NOT NULL, finished_at TEXT NOT NULL, cause TEXT NOT NULL,
  log_tail TEXT NOT NULL, checksum INTEGER NOT NULL, PRIMARY KEY (trial, attempt)
) STRICT, WITHOUT ROWID;
CREATE TABLE metrics (
  trial INTEGER NOT NULL, attempt INTEGER NOT NULL, epoch INTEGER NOT NULL, name TEXT NOT NULL,
  value REAL NOT NULL, PRIMARY KEY (trial, attempt, epoch, name),
  FOREIGN KEY (trial, attempt) REFERENCES attempts (trial, attempt) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE TABLE checkpoints (
  trials INTEGER PRIMARY KEY, batch INTEGER NOT NULL REFERENCES batches (id),
  history INTEGER NOT NULL, state BLOB NOT NULL) STRICT;
)";

constexpr const char* kFromVersion5 = R"(
ALTER TABLE trials RENAME COLUMN place TO commit_index;
ALTER TABLE trials RENAME COLUMN message TO cause;
ALTER TABLE trials RENAME COLUMN further_latencies TO additional_latencies;
ALTER TABLE trials ADD COLUMN coefficients TEXT NOT NULL DEFAULT '';
)";

// Version 9: trials can be stopped early.
constexpr const char* kBeforeVersion9 = R"(
ALTER TABLE trials ADD COLUMN stopped_at_epoch TEXT NOT NULL DEFAULT '';
)";

/// Takes the place of the table for a program that may not write the file.
constexpr const char* kReadBeforeVersion9 = R"(
CREATE TEMP VIEW trials AS SELECT *, '' AS stopped_at_epoch FROM main.trials;
)";

/// A new version has new configuration keys, and so another identity of the same configuration: the
/// next resume takes the fact anew, and checks every recorded proposal anyway.
void upgrade(Database& database, int64_t found) {
  Transaction transaction(database);
  if (found == 0) database.execute(kSchema);
  if (found == 5) database.execute(kFromVersion5);
  if (found != 0 && found < 9) database.execute(kBeforeVersion9);
  give_checksums_to_mere_ids(database);
  database.execute("DELETE FROM facts WHERE key = '" + std::string(kConfigFact) + "'");
  database.execute("PRAGMA user_version = " + std::to_string(kStoreVersion));
  transaction.commit();
}

}  // namespace

bool reads_version(int64_t version) {
  return version >= kOldestStoreVersion && version <= kStoreVersion;
}

void migrate_store(Database& database) {
  const int64_t found = database.integer("PRAGMA user_version");
  const std::string where = database.path().string();
  if (found != 0 && !reads_version(found)) {
    const bool newer = found > kStoreVersion;
    throw Error(ErrorKind::kRun, where + ": was written by " + (newer ? "a newer" : "an older") +
                                     " Ridgeline (store version " + std::to_string(found) +
                                     "); this one reads versions " +
                                     std::to_string(kOldestStoreVersion) + " to " +
                                     std::to_string(kStoreVersion) +
                                     ": use the one that wrote it, or start a new run");
  }
  if (database.read_only()) {
    if (found >= kOldestReadOnlyVersion) {
      if (found < 9) database.execute(kReadBeforeVersion9);
      return;
    }
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
