#include "experiments/store_rescue.h"

#include <algorithm>

#include "core/error.h"
#include "experiments/store.h"
#include "experiments/store_schema.h"

namespace ridgeline {
namespace fs = std::filesystem;
namespace {

/// The trial that has to follow `last`, so that nothing in between is lost.
bool follows(const Trial& trial, const std::optional<Trial>& last, int search_trials) {
  if (!last) return trial.id == 0;
  if (trial.id == last->id + 1) return true;
  const bool search_done =
      last->id >= kFirstFinalId || last->id + 1 >= static_cast<uint64_t>(search_trials);
  return search_done && trial.id > last->id &&
         (trial.id == kFirstFinalId || trial.id == kFirstScalingId);
}

std::string columns_of(int64_t version) {
  std::string columns = kTrialColumns;
  if (version < 2) columns.replace(columns.rfind("checksum"), 8, "0");
  return columns;
}

/// Why the store is damaged; empty when it is sound.
std::string damage_of(const fs::path& path, int search_trials) {
  try {
    Database database(path);
    const int64_t version = database.integer("PRAGMA user_version");
    if (version > kStoreVersion) return {};  // opening it says so
    if (version == 0) return "it is empty";
    std::string found = database.text("PRAGMA quick_check(1)");
    std::replace(found.begin(), found.end(), '\n', ' ');
    if (found != "ok") return found;
    Statement query(database, "SELECT " + columns_of(version) + " FROM trials ORDER BY id");
    std::optional<Trial> last;
    while (query.row()) {
      Trial trial = read_trial(query, path.string());
      if (!follows(trial, last, search_trials))
        return "trials are missing before trial " + std::to_string(trial.id);
      last = std::move(trial);
    }
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kRun) throw;
    return error.what();
  }
  return {};
}

struct Rescued {
  size_t trials = 0;
  std::optional<Trial> last;
  std::string facts_lost;
};

/// Copies rows until the first that cannot be read or does not belong; why it ended there is known.
template <class CopyRow>
bool copy_rows(Database& from, const std::string& sql, CopyRow copy_row) {
  try {
    Statement query(from, sql);
    while (query.row()) {
      if (!copy_row(query)) return false;
    }
    return true;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kRun && error.kind() != ErrorKind::kIo) throw;
    return false;
  }
}

void copy_values(Database& to, const std::string& insert, const Statement& row) {
  Statement statement(to, insert);
  for (int column = 0; column < row.columns(); ++column) {
    if (row.is_real(column)) {
      statement.bind(row.real(column));
    } else if (row.is_number(column)) {
      statement.bind(row.integer(column));
    } else {
      statement.bind(row.text(column));
    }
  }
  statement.write();
}

Rescued copy_sound(const fs::path& damaged, const fs::path& fresh, int search_trials) {
  Database from(damaged, /*read_only=*/true);
  Database to(fresh);
  migrate_store(to);
  const int64_t version = from.integer("PRAGMA user_version");
  Transaction transaction(to);
  Rescued rescued;
  copy_rows(from, "SELECT " + columns_of(version) + " FROM trials NOT INDEXED ORDER BY id",
            [&](const Statement& row) {
              Trial trial = read_trial(row, damaged.string());
              if (!follows(trial, rescued.last, search_trials)) return false;
              Statement insert(to, "INSERT INTO trials (" + std::string(kTrialColumns) +
                                       ") VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
              bind_trial(insert, trial);
              insert.write();
              ++rescued.trials;
              rescued.last = std::move(trial);
              return true;
            });
  const auto copy_all = [&](const std::string& table, const std::string& values,
                            const std::string& where) {
    return copy_rows(from, "SELECT * FROM " + table + where, [&](const Statement& row) {
      copy_values(to, "INSERT OR REPLACE INTO " + table + " VALUES " + values, row);
      return true;
    });
  };
  if (!copy_all("facts", "(?,?)", "")) rescued.facts_lost = "; facts are lost";
  if (version >= 2 && rescued.last) {
    copy_all("attempts", "(?,?,?,?,?,?,?,?,?,?,?)",
             " WHERE trial <= " + std::to_string(rescued.last->id));
    copy_all("events", "(?,?,?,?)", "");
  }
  to.execute("DELETE FROM facts WHERE key = 'finished_at' OR key LIKE 'phase %'");
  transaction.commit();
  return rescued;
}

fs::path free_name(const fs::path& store) {
  for (int n = 1;; ++n) {
    fs::path name = store;
    name.replace_filename(store.stem().string() + ".damaged-" + std::to_string(n) +
                          store.extension().string());
    if (!fs::exists(name)) return name;
  }
}

fs::path with_suffix(fs::path path, const char* suffix) {
  path += suffix;
  return path;
}

}  // namespace

std::optional<std::string> rescue_store(const fs::path& store, int search_trials) {
  const std::string damage = damage_of(store, search_trials);
  if (damage.empty()) return std::nullopt;
  const fs::path fresh = with_suffix(store, ".rescue");
  const std::string hopeless = store.string() + ": nothing of the damaged store can be read (" +
                               damage + "); put a copy back, or start a new run";
  Rescued rescued;
  try {
    for (const char* suffix : {"", "-journal"}) fs::remove(with_suffix(fresh, suffix));
    rescued = copy_sound(store, fresh, search_trials);
  } catch (const Error& error) {
    std::error_code ignored;
    fs::remove(fresh, ignored);
    if (error.kind() != ErrorKind::kRun) throw;
    throw Error(ErrorKind::kRun, hopeless);
  }
  if (rescued.trials == 0) {
    fs::remove(fresh);
    throw Error(ErrorKind::kRun, hopeless);
  }
  const fs::path aside = free_name(store);
  // The copy is whole before anything is taken away; a stale WAL must never meet the new file.
  for (const char* suffix : {"-wal", ""}) {
    if (fs::exists(with_suffix(store, suffix)))
      fs::copy_file(with_suffix(store, suffix), with_suffix(aside, suffix));
  }
  for (const char* suffix : {"-wal", "-shm", "-journal"}) fs::remove(with_suffix(store, suffix));
  fs::rename(fresh, store);
  std::string message = store.string() + " was damaged (" + damage + "): the first " +
                        std::to_string(rescued.trials) + " trials are kept, to trial " +
                        std::to_string(rescued.last->id) + ", later ones are lost and done again" +
                        rescued.facts_lost + "; the damaged file is " + aside.string();
  TrialStore(store).append_event("rescued", message);
  return message;
}

}  // namespace ridgeline
