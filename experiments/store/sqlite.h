#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <variant>

struct sqlite3;
struct sqlite3_stmt;

namespace ridgeline {

/// One connection to an SQLite file. A damaged write-ahead log is warned of, and kept where this
/// one writes; a file that is missing or empty beside its log is refused (wal.h). What goes wrong
/// is an `Error`: `kRun` for a damaged file, `kIo` when the file system refuses. With
/// RIDGELINE_KILL_AT=n in the environment the process kills itself right before the n-th write: a
/// hook for the tests of resuming.
class Database {
 public:
  explicit Database(const std::filesystem::path& path, bool read_only = false);

  const std::filesystem::path& path() const { return path_; }
  bool read_only() const { return read_only_; }
  /// SQL without results; counts as one write.
  void execute(const std::string& sql);
  bool in_transaction() const;
  /// While held, a transaction that is committed stays open and takes in what follows, until
  /// `flush`. One that fails takes the open one back with it.
  void hold(bool held) { held_ = held; }
  bool held() const { return held_; }
  /// Makes all that was written durable; false when nothing was, or it was taken back.
  bool flush();
  /// Copies what is committed from the write-ahead log into the file; where that fails, or the
  /// file has no such log, nothing is lost and nothing happens.
  void checkpoint();
  int64_t integer(const std::string& sql);
  std::string text(const std::string& sql);

 private:
  friend class Statement;
  struct Close {
    void operator()(sqlite3* database) const;
    void operator()(sqlite3_stmt* statement) const;
  };
  using Prepared = std::unique_ptr<sqlite3_stmt, Close>;
  Prepared prepare(const std::string& sql);
  void check(int code, const std::string& action) const;
  void before_write();

  std::filesystem::path path_;
  bool read_only_;
  int64_t kill_at_ = 0;
  int64_t writes_ = 0;
  bool held_ = false;
  std::unique_ptr<sqlite3, Close> handle_;
  std::multimap<std::string, Prepared> idle_;  // of statements that have ended, for the next ones
};

/// A value of a row; NULL is `std::monostate`, and an unsigned number is kept as the signed one of
/// the same bits.
using SqlValue = std::variant<std::monostate, int64_t, uint64_t, double, std::string>;

/// A prepared statement. At the end of its scope the database keeps it for the next one of the same
/// text, so values belong into parameters. Must not outlive its database.
class Statement {
 public:
  Statement(Database& database, const std::string& sql);
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  /// Gives the next parameter its value.
  Statement& bind(std::monostate null);
  Statement& bind(int64_t value);
  Statement& bind(uint64_t value) { return bind(static_cast<int64_t>(value)); }
  Statement& bind(int value) { return bind(int64_t{value}); }
  Statement& bind(double value);
  Statement& bind(const std::string& value);
  Statement& bind_blob(const std::string& bytes);
  Statement& bind(const SqlValue& value);

  /// Steps to the next row; false after the last.
  bool row();
  /// Runs a statement that writes; then it can be given values and run again.
  void write();

  int columns() const;
  std::string name(int column) const;
  bool is_null(int column) const;
  int64_t integer(int column) const;
  double real(int column) const;
  std::string text(int column) const;  ///< or the bytes of a blob
  SqlValue value(int column) const;

 private:
  void check_bind(int code);

  Database& database_;
  std::string sql_;
  Database::Prepared statement_;
  int bound_ = 0;
};

/// All or nothing: rolled back unless committed. Within another transaction it is a part of that;
/// while the database is held, what it commits becomes durable with the next `flush`.
class Transaction {
 public:
  explicit Transaction(Database& database);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit();

 private:
  Database& database_;
  bool outermost_;
  bool committed_ = false;
};

}  // namespace ridgeline
