#include "experiments/store/sqlite.h"

#include <signal.h>
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "core/error.h"
#include "core/logging.h"
#include "experiments/store/wal.h"

namespace ridgeline {
namespace {

/// More different texts than a run has.
constexpr size_t kIdleStatements = 64;

/// What SQLite says last, in one line: it may quote a damaged schema.
std::string last_message(sqlite3* handle) {
  std::string message = handle ? sqlite3_errmsg(handle) : "out of memory";
  std::replace(message.begin(), message.end(), '\n', ' ');
  return message;
}

}  // namespace

void Database::Close::operator()(sqlite3* database) const { sqlite3_close(database); }
void Database::Close::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

Database::Database(const std::filesystem::path& path, bool read_only)
    : path_(path), read_only_(read_only) {
  refuse_orphaned_wal(path);
  if (const auto damage = read_only ? wal_damage(path) : keep_damaged_wal(path))
    spdlog::warn("{}", *damage);
  sqlite3* database = nullptr;
  const int flags = read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  const int code = sqlite3_open_v2(path.c_str(), &database, flags, nullptr);
  handle_.reset(database);
  check(code, "open");
  sqlite3_extended_result_codes(database, 1);
  sqlite3_busy_timeout(database, 5000);
  if (read_only) return;
  if (sqlite3_db_readonly(database, "main") == 1) {  // SQLite opens such a file without complaint
    throw Error(ErrorKind::kIo,
                path.string() + ": is read-only; the run needs permission to write it");
  }
  if (const char* kill_at = std::getenv("RIDGELINE_KILL_AT")) kill_at_ = std::atoll(kill_at);
}

void Database::check(int code, const std::string& action) const {
  // A damaged format number in the header is no SQLITE_CORRUPT.
  const bool unknown_format =
      (code & 0xFF) == SQLITE_ERROR && last_message(handle_.get()) == "unsupported file format";
  switch (unknown_format ? SQLITE_CORRUPT : code & 0xFF) {
    case SQLITE_OK:
    case SQLITE_DONE:
    case SQLITE_ROW:
      return;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      throw Error(ErrorKind::kRun, path_.string() + ": the store is damaged (" +
                                       last_message(handle_.get()) +
                                       "); `ridgeline resume` keeps what is sound of it");
    case SQLITE_FULL:
      throw Error(ErrorKind::kIo, path_.string() + ": the disk is full");
    case SQLITE_READONLY:
      throw Error(ErrorKind::kIo,
                  path_.string() + ": is read-only; the run needs permission to write it");
    default:
      throw Error(ErrorKind::kIo,
                  path_.string() + ": cannot " + action + ": " + last_message(handle_.get()));
  }
}

void Database::before_write() {
  if (++writes_ == kill_at_) kill(getpid(), SIGKILL);
}

void Database::execute(const std::string& sql) {
  before_write();
  check(sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr), "write");
}

bool Database::in_transaction() const { return sqlite3_get_autocommit(handle_.get()) == 0; }

bool Database::flush() {
  if (!in_transaction()) return false;
  execute("COMMIT");
  return true;
}

void Database::checkpoint() {
  sqlite3_wal_checkpoint_v2(handle_.get(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
}

/// Preparing costs more than running most statements.
Database::Prepared Database::prepare(const std::string& sql) {
  if (auto found = idle_.extract(sql)) return std::move(found.mapped());
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v2(handle_.get(), sql.c_str(), -1, &statement, nullptr);
  Prepared prepared(statement);
  check(code, "read");
  return prepared;
}

int64_t Database::integer(const std::string& sql) {
  Statement query(*this, sql);
  return query.row() ? query.integer(0) : 0;
}

std::string Database::text(const std::string& sql) {
  Statement query(*this, sql);
  return query.row() ? query.text(0) : "";
}

Statement::Statement(Database& database, const std::string& sql)
    : database_(database), sql_(sql), statement_(database.prepare(sql)) {}

Statement::~Statement() {
  if (!statement_ || database_.idle_.size() >= kIdleStatements) return;
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
  database_.idle_.emplace(std::move(sql_), std::move(statement_));
}

void Statement::check_bind(int code) { database_.check(code, "write"); }

Statement& Statement::bind(int64_t value) {
  check_bind(sqlite3_bind_int64(statement_.get(), ++bound_, value));
  return *this;
}

Statement& Statement::bind(double value) {
  check_bind(sqlite3_bind_double(statement_.get(), ++bound_, value));
  return *this;
}

Statement& Statement::bind(const std::string& value) {
  check_bind(sqlite3_bind_text(statement_.get(), ++bound_, value.data(),
                               static_cast<int>(value.size()), SQLITE_TRANSIENT));
  return *this;
}

Statement& Statement::bind_blob(const std::string& bytes) {
  check_bind(sqlite3_bind_blob(statement_.get(), ++bound_, bytes.data(),
                               static_cast<int>(bytes.size()), SQLITE_TRANSIENT));
  return *this;
}

Statement& Statement::bind(std::monostate) {
  check_bind(sqlite3_bind_null(statement_.get(), ++bound_));
  return *this;
}

Statement& Statement::bind(const SqlValue& value) {
  return std::visit([this](const auto& held) -> Statement& { return bind(held); }, value);
}

bool Statement::row() {
  const int code = sqlite3_step(statement_.get());
  database_.check(code, "read");
  return code == SQLITE_ROW;
}

void Statement::write() {
  database_.before_write();
  database_.check(sqlite3_step(statement_.get()), "write");
  sqlite3_reset(statement_.get());
  bound_ = 0;
}

int Statement::columns() const { return sqlite3_column_count(statement_.get()); }
std::string Statement::name(int column) const {
  return sqlite3_column_name(statement_.get(), column);
}
bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}
int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}
double Statement::real(int column) const { return sqlite3_column_double(statement_.get(), column); }
SqlValue Statement::value(int column) const {
  switch (sqlite3_column_type(statement_.get(), column)) {
    case SQLITE_NULL:
      return {};
    case SQLITE_INTEGER:
      return integer(column);
    case SQLITE_FLOAT:
      return real(column);
    default:
      return text(column);
  }
}
std::string Statement::text(int column) const {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_.get(), column));
  const auto size = static_cast<size_t>(sqlite3_column_bytes(statement_.get(), column));
  return bytes != nullptr ? std::string(bytes, size) : std::string();
}

Transaction::Transaction(Database& database)
    : database_(database), outermost_(!database.in_transaction()) {
  if (outermost_) database_.execute("BEGIN IMMEDIATE");
}

Transaction::~Transaction() {
  if (committed_ || (!outermost_ && !database_.held()) || !database_.in_transaction()) return;
  try {
    database_.execute("ROLLBACK");
  } catch (const Error& error) {
    spdlog::debug("{}", error.what());  // a full disk has rolled back by itself
  }
}

void Transaction::commit() {
  if (outermost_ && !database_.held()) database_.execute("COMMIT");
  committed_ = true;
}

}  // namespace ridgeline
