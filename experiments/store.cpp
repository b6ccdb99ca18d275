#include "experiments/store.h"

#include <sqlite3.h>

#include "core/error.h"

namespace ridgeline {
namespace {

constexpr const char* kSchema = R"(
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
constexpr const char* kColumns =
    "id, phase, batch, genotype, architecture, status, accuracy, latency_ms, reward, loss, params, "
    "madds, "
    "reused_from, seconds, finished_at, message";

template <class E>
E enum_from_text(const std::string& text, const std::string& where) {
  for (const auto& [value, name] : EnumNames<E>::values) {
    if (text == name) return value;
  }
  throw Error(ErrorKind::kRun, where + ": holds the unknown word '" + text +
                                   "'; it comes from another version, or is damaged");
}

/// A prepared statement that is finalised at the end of its scope.
class Statement {
 public:
  Statement(sqlite3* database, const std::string& sql) {
    code_ = sqlite3_prepare_v2(database, sql.c_str(), -1, &statement_, nullptr);
  }
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  int code() const { return code_; }
  int step() { return code_ == SQLITE_OK ? sqlite3_step(statement_) : code_; }
  void bind(int index, int64_t value) { sqlite3_bind_int64(statement_, index, value); }
  void bind(int index, double value) { sqlite3_bind_double(statement_, index, value); }
  void bind(int index, const std::string& value) {
    sqlite3_bind_text(statement_, index, value.data(), static_cast<int>(value.size()),
                      SQLITE_TRANSIENT);
  }
  int64_t integer(int column) const { return sqlite3_column_int64(statement_, column); }
  double real(int column) const { return sqlite3_column_double(statement_, column); }
  std::string text(int column) const {
    const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    return bytes ? std::string(bytes, static_cast<size_t>(sqlite3_column_bytes(statement_, column)))
                 : "";
  }

 private:
  sqlite3_stmt* statement_ = nullptr;
  int code_ = 0;
};

Trial read_row(const Statement& row, const std::string& where) {
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
  return trial;
}

}  // namespace

void TrialStore::Close::operator()(sqlite3* database) const { sqlite3_close(database); }

TrialStore::TrialStore(const std::filesystem::path& path, bool read_only)
    : path_(path), read_only_(read_only) {
  sqlite3* database = nullptr;
  const int flags = read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  const int code = sqlite3_open_v2(path.c_str(), &database, flags, nullptr);
  database_.reset(database);
  check(code, "open");
  sqlite3_extended_result_codes(database_.get(), 1);
  sqlite3_busy_timeout(database_.get(), 5000);
  if (!read_only) {
    execute("PRAGMA journal_mode = WAL");
    execute("PRAGMA synchronous = FULL");
  }
  prepare_schema();
}

void TrialStore::prepare_schema() {
  Statement version(database_.get(), "PRAGMA user_version");
  check(version.code(), "read");
  const int code = version.step();
  check(code == SQLITE_ROW ? SQLITE_OK : code, "read");
  const int64_t found = version.integer(0);
  if (found > kSchemaVersion) {
    throw Error(ErrorKind::kRun, path_.string() + ": written by a newer Ridgeline (store version " +
                                     std::to_string(found) + ", this one knows " +
                                     std::to_string(kSchemaVersion) + "); use that version");
  }
  if (found == kSchemaVersion) return;
  if (read_only_) throw Error(ErrorKind::kRun, path_.string() + ": is an empty store");
  execute("BEGIN IMMEDIATE");
  execute(kSchema);
  execute("PRAGMA user_version = " + std::to_string(kSchemaVersion));
  execute("COMMIT");
}

void TrialStore::check(int code, const std::string& action) const {
  switch (code & 0xFF) {
    case SQLITE_OK:
    case SQLITE_DONE:
    case SQLITE_ROW:
      return;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      throw Error(ErrorKind::kRun, path_.string() + ": the store is damaged (" +
                                       sqlite3_errmsg(database_.get()) +
                                       "); what can be saved: sqlite3 store.sqlite .recover");
    case SQLITE_FULL:
      throw Error(ErrorKind::kIo, path_.string() + ": the disk is full");
    default:
      throw Error(ErrorKind::kIo,
                  path_.string() + ": cannot " + action + ": " +
                      (database_ ? sqlite3_errmsg(database_.get()) : "out of memory"));
  }
}

void TrialStore::execute(const std::string& sql) {
  check(sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr), "write");
}

void TrialStore::append(const Trial& trial) {
  Statement insert(database_.get(), "INSERT INTO trials (" + std::string(kColumns) +
                                        ") VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
  check(insert.code(), "write");
  insert.bind(1, static_cast<int64_t>(trial.id));
  insert.bind(2, enum_name(trial.phase));
  insert.bind(3, static_cast<int64_t>(trial.batch));
  insert.bind(4, trial.genotype);
  insert.bind(5, trial.architecture);
  insert.bind(6, enum_name(trial.status));
  insert.bind(7, trial.accuracy);
  insert.bind(8, trial.latency_ms);
  insert.bind(9, trial.reward);
  insert.bind(10, trial.loss);
  insert.bind(11, trial.params);
  insert.bind(12, trial.madds);
  insert.bind(13, trial.reused_from);
  insert.bind(14, trial.seconds);
  insert.bind(15, trial.finished_at);
  insert.bind(16, trial.message);
  check(insert.step(), "write");
}

std::vector<Trial> TrialStore::trials(Phase phase) const {
  Statement query(database_.get(),
                  "SELECT " + std::string(kColumns) + " FROM trials WHERE phase = ? ORDER BY id");
  check(query.code(), "read");
  query.bind(1, enum_name(phase));
  std::vector<Trial> result;
  int code = query.step();
  for (; code == SQLITE_ROW; code = query.step()) result.push_back(read_row(query, path_.string()));
  check(code, "read");
  return result;
}

std::optional<Trial> TrialStore::best(Phase phase) const {
  std::optional<Trial> best;
  for (auto& trial : trials(phase)) {
    if (trial.status == TrialStatus::kComplete && (!best || better(trial, *best)))
      best = std::move(trial);
  }
  return best;
}

void TrialStore::set_fact(const std::string& key, const std::string& value) {
  Statement upsert(database_.get(), "INSERT OR REPLACE INTO facts (key, value) VALUES (?, ?)");
  check(upsert.code(), "write");
  upsert.bind(1, key);
  upsert.bind(2, value);
  check(upsert.step(), "write");
}

std::optional<std::string> TrialStore::fact(const std::string& key) const {
  Statement query(database_.get(), "SELECT value FROM facts WHERE key = ?");
  check(query.code(), "read");
  query.bind(1, key);
  const int code = query.step();
  check(code, "read");
  if (code != SQLITE_ROW) return std::nullopt;
  return query.text(0);
}

}  // namespace ridgeline
