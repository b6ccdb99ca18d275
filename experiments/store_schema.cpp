#include "experiments/store_schema.h"

#include <array>
#include <cmath>

#include "core/error.h"
#include "core/random.h"

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
constexpr std::array<const char*, kStoreVersion> kSteps = {kVersion1, kVersion2};

template <class E>
E enum_from_text(const std::string& text, const std::string& where) {
  for (const auto& [value, name] : EnumNames<E>::values) {
    if (text == name) return value;
  }
  throw Error(ErrorKind::kRun, where +
                                   ": the store is damaged, or of another version: it holds the " +
                                   "unknown word '" + text + "'");
}

/// Of all that makes a trial; never 0, which stands for a row from before there were checksums.
int64_t checksum(const Trial& t) {
  std::string bytes = std::to_string(t.id) + "|" + enum_name(t.phase) + "|" +
                      std::to_string(t.batch) + "|" + t.genotype + "|" + t.architecture + "|" +
                      enum_name(t.status) + "|" + std::to_string(t.params) + "|" +
                      std::to_string(t.madds) + "|" + std::to_string(t.reused_from) + "|" +
                      t.finished_at + "|" + t.message + "|";
  for (const double number : {t.accuracy, t.latency_ms, t.reward, t.loss, t.seconds}) {
    bytes.append(reinterpret_cast<const char*>(&number), sizeof number);
  }
  const auto hash = static_cast<int64_t>(hash_text(bytes));
  return hash == 0 ? 1 : hash;
}

}  // namespace

TrialStatus status_from_text(const std::string& text, const std::string& where) {
  return enum_from_text<TrialStatus>(text, where);
}

void migrate_store(Database& database) {
  const int64_t found = database.integer("PRAGMA user_version");
  const std::string where = database.path().string();
  if (found > kStoreVersion) {
    throw Error(ErrorKind::kRun, where + ": written by a newer Ridgeline (store version " +
                                     std::to_string(found) + ", this one knows " +
                                     std::to_string(kStoreVersion) + "); use that version");
  }
  if (found == kStoreVersion) return;
  if (database.read_only()) {
    throw Error(ErrorKind::kRun,
                where + (found == 0 ? ": is an empty store"
                                    : ": was written by an older Ridgeline (store version " +
                                          std::to_string(found) +
                                          "); `ridgeline resume` brings it up to date"));
  }
  Transaction transaction(database);
  for (auto version = static_cast<size_t>(found); version < kSteps.size(); ++version) {
    database.execute(kSteps[version]);
  }
  database.execute("PRAGMA user_version = " + std::to_string(kStoreVersion));
  transaction.commit();
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

void bind_trial(Statement& insert, const Trial& trial) {
  Trial stored = trial;
  if (!std::isfinite(stored.loss)) stored.loss = 0;  // as in result files; the status says diverged
  insert.bind(static_cast<int64_t>(stored.id)).bind(enum_name(stored.phase));
  insert.bind(static_cast<int64_t>(stored.batch)).bind(stored.genotype).bind(stored.architecture);
  insert.bind(enum_name(stored.status)).bind(stored.accuracy).bind(stored.latency_ms);
  insert.bind(stored.reward).bind(stored.loss).bind(stored.params).bind(stored.madds);
  insert.bind(stored.reused_from).bind(stored.seconds).bind(stored.finished_at);
  insert.bind(stored.message).bind(checksum(stored));
}

Trial read_trial(const Statement& row, const std::string& where) {
  Trial trial;
  trial.id = static_cast<uint64_t>(row.integer(0));
  trial.phase = enum_from_text<Phase>(row.text(1), where);
  trial.batch = static_cast<int>(row.integer(2));
  trial.genotype = row.text(3);
  trial.architecture = row.text(4);
  trial.status = enum_from_text<TrialStatus>(row.text(5), where);
  trial.accuracy = row.real(6);
  trial.latency_ms = row.real(7);
  trial.reward = row.real(8);
  trial.loss = row.real(9);
  trial.params = row.integer(10);
  trial.madds = row.integer(11);
  trial.reused_from = row.integer(12);
  trial.seconds = row.real(13);
  trial.finished_at = row.text(14);
  trial.message = row.text(15);
  if (row.integer(16) != 0 && row.integer(16) != checksum(trial)) {
    throw Error(ErrorKind::kRun, where + ": the store is damaged (trial " +
                                     std::to_string(trial.id) +
                                     " does not match its checksum); `ridgeline resume` keeps what "
                                     "is sound of it");
  }
  return trial;
}

}  // namespace ridgeline
