#include "experiments/store/store_rescue.h"

#include <algorithm>
#include <vector>

#include "core/error.h"
#include "core/file.h"
#include "experiments/store/facts.h"
#include "experiments/store/store.h"
#include "experiments/store/store_schema.h"
#include "experiments/store/wal.h"

namespace ridgeline {
namespace fs = std::filesystem;
namespace {

/// Without the help of an index, which may be damaged too.
std::string query_of_trials() { return select_trials("NOT INDEXED ORDER BY id"); }
std::string query_of_proposals() { return select_proposals("ORDER BY id"); }

/// Where some are missing in the order of commits: the first trial after them. `trials`: commit
/// index and id.
std::optional<uint64_t> first_after_gap(std::vector<std::pair<uint64_t, uint64_t>> trials) {
  std::sort(trials.begin(), trials.end());
  for (size_t i = 0; i < trials.size(); ++i) {
    if (trials[i].first != i) return trials[i].second;
  }
  return std::nullopt;
}

/// Without white space and quotes, which a migration sets differently.
std::string schema_of(Database& database) {
  return database.text(
      "SELECT ifnull(group_concat(type || name || "
      "replace(replace(replace(sql, ' ', ''), char(10), ''), '\"', '')), '') "
      "FROM (SELECT * FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name)");
}

/// SQLite checks the pages that hold the schema's text, not the text.
bool schema_is_sound(Database& database) {
  Database sound(":memory:");
  migrate_store(sound);
  return schema_of(database) == schema_of(sound);
}

/// SQLite's own words in a message of `Database`, which advises to resume; any other as it is.
std::string cause_of(const std::string& message) {
  const std::string before = "the store is damaged (", after = "); `ridgeline resume`";
  const size_t begin = message.find(before), end = message.rfind(after);
  if (begin == std::string::npos || end == std::string::npos) return message;
  return message.substr(begin + before.size(), end - begin - before.size());
}

/// What was lost reads as zeros, and no text of ours holds one.
bool holds_zeros(const SqlValue& value) {
  if (std::holds_alternative<std::monostate>(value)) return true;
  const auto* text = std::get_if<std::string>(&value);
  return text != nullptr && text->find('\0') != std::string::npos;
}

/// A row of a table without checksums.
std::vector<SqlValue> row_values(const Statement& row) {
  std::vector<SqlValue> values;
  for (int column = 0; column < row.columns(); ++column) values.push_back(row.value(column));
  return values;
}

bool is_damaged(const std::vector<SqlValue>& row) {
  return std::any_of(row.begin(), row.end(), holds_zeros);
}

/// A recorded trial of the search whose proposal says nothing.
std::optional<uint64_t> trial_without_proposal(Database& database) {
  Statement query(database,
                  "SELECT id FROM trials WHERE phase = ? AND NOT EXISTS (SELECT 1 FROM proposals "
                  "WHERE proposals.id = trials.id AND genotype IS NOT NULL) ORDER BY id LIMIT 1");
  query.bind(enum_name(Phase::kSearch));
  return query.row() ? std::optional(static_cast<uint64_t>(query.integer(0))) : std::nullopt;
}

/// Why the store is damaged; empty when it is sound.
std::string damage_of(const fs::path& path, bool needs_proposals) {
  try {
    Database database(path);
    const int64_t version = database.integer("PRAGMA user_version");
    if (version == 0) return "it is empty";
    if (!reads_version(version)) return {};  // opening it says so
    migrate_store(database);
    if (!schema_is_sound(database)) return "its schema is damaged";
    // The quick check does not compare a table with its indices, by which the trials are found.
    for (const char* check : {"PRAGMA quick_check(1)", "PRAGMA integrity_check(trials)"}) {
      std::string found = database.text(check);
      std::replace(found.begin(), found.end(), '\n', ' ');
      if (found != "ok") return found;
    }
    Statement query(database, query_of_trials());
    std::vector<std::pair<uint64_t, uint64_t>> trials;
    while (query.row()) {
      const Trial trial = read_trial(query, path.string(), /*architecture=*/false);
      trials.emplace_back(trial.commit_index, trial.id);
    }
    if (const auto trial = first_after_gap(std::move(trials)))
      return "trials are missing before trial " + std::to_string(*trial);
    AttemptReader attempts(database);
    while (attempts.next()) attempts.require_sound();
    Statement proposals(database, query_of_proposals());
    while (proposals.row()) {
      if (!read_proposal(proposals))
        throw damaged_row("proposal " + std::to_string(proposals.integer(0)), path.string());
    }
    for (const char* table : {"facts", "events"}) {
      Statement rows(database, "SELECT * FROM " + std::string(table));
      while (rows.row()) {
        if (is_damaged(row_values(rows))) return "a row of its table " + std::string(table);
      }
    }
    if (needs_proposals) {
      if (const auto trial = trial_without_proposal(database))
        return "the proposal of trial " + std::to_string(*trial) + " is missing";
    }
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kRun) throw;
    return cause_of(error.what());
  }
  return {};
}

struct Rescued {
  size_t trials = 0;
  uint64_t last_trial = 0;
  size_t attempts = 0, attempts_lost = 0;
  std::string lost;  // what besides trials, as the end of a sentence

  std::pair<size_t, size_t> worth() const { return {trials, attempts}; }
  std::string kept() const {
    if (trials == 0) {
      return "no trial is kept, all are done again, without training where one of the " +
             std::to_string(attempts) + " attempts that are kept is left";
    }
    return "the first " + std::to_string(trials) + " trials are kept, to trial " +
           std::to_string(last_trial) + ", later ones are lost and done again";
  }
};

/// Runs a copy that may end where the file cannot be read; true: it came to its end.
template <class Copy>
bool copy_until_damage(Copy copy) {
  try {
    copy();
    return true;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kRun && error.kind() != ErrorKind::kIo) throw;
    return false;
  }
}

/// Of a table without checksums; false: rows are lost.
bool copy_table(Database& from, Database& to, const std::string& table, const std::string& values) {
  bool whole = true;
  const bool ended = copy_until_damage([&] {
    Statement query(from, "SELECT * FROM " + table);
    Statement insert(to, "INSERT OR REPLACE INTO " + table + " VALUES " + values);
    while (query.row()) {
      const std::vector<SqlValue> row = row_values(query);
      if (is_damaged(row)) {
        whole = false;
        continue;
      }
      for (const auto& value : row) insert.bind(value);
      insert.write();
    }
  });
  return ended && whole;
}

/// What is lost is proposed anew, but in an asynchronous run for a recorded trial: learning from
/// that one takes the probability with which it was proposed.
void copy_proposals(Database& from, Database& to, Rescued& rescued) {
  size_t lost = 0;
  const bool whole = copy_until_damage([&] {
    Statement query(from, query_of_proposals());
    while (query.row()) {
      const auto proposal = read_proposal(query);
      if (!proposal) {
        ++lost;
      } else if (proposal->genotype.empty()) {  // the mere id of a repeat, or of another phase
        ensure_proposal(to, proposal->id);
      } else {
        write_proposal(to, *proposal);
      }
    }
  });
  if (!whole) {
    rescued.lost += "; proposals are lost";
  } else if (lost > 0) {
    rescued.lost += "; " + std::to_string(lost) + (lost == 1 ? " proposal is" : " proposals are") +
                    " lost and made again";
  }
}

bool has_proposal(Database& database, uint64_t id) {
  Statement query(database, "SELECT 1 FROM proposals WHERE id = ? AND genotype IS NOT NULL");
  return query.bind(id).row();
}

/// The trials before the first lost one, or the first whose proposal is lost, in the order of
/// commits: later ones would not replay.
void copy_trials(Database& from, Database& to, bool needs_proposals, Rescued& rescued) {
  std::vector<Trial> readable;
  copy_until_damage([&] {
    Statement query(from, query_of_trials());
    while (query.row()) {
      try {
        readable.push_back(read_trial(query, from.path().string()));
      } catch (const Error& error) {
        if (error.kind() != ErrorKind::kRun) throw;
      }
    }
  });
  std::sort(readable.begin(), readable.end(),
            [](const Trial& a, const Trial& b) { return a.commit_index < b.commit_index; });
  for (size_t i = 0; i < readable.size(); ++i) {
    const Trial& trial = readable[i];
    // Of two with one index, which no checksum covers, either may be the wrong one.
    const bool twice =
        i + 1 < readable.size() && readable[i + 1].commit_index == trial.commit_index;
    const bool replays = !needs_proposals || has_proposal(to, trial.id);
    if (trial.commit_index != rescued.trials || twice || !replays) return;
    write_trial(to, trial);
    rescued.last_trial = trial.id;
    ++rescued.trials;
  }
}

/// Also those at trials that are lost: they are not trained again.
void copy_attempts(Database& from, Database& to, Rescued& rescued) {
  const bool whole = copy_until_damage([&] {
    AttemptReader attempts(from);
    while (attempts.next()) {
      if (attempts.sound()) {
        write_attempt(to, attempts.attempt());
        ++rescued.attempts;
      } else {
        ++rescued.attempts_lost;
      }
    }
  });
  if (!whole) {
    rescued.lost += "; attempts are lost";
  } else if (rescued.attempts_lost > 0) {
    rescued.lost += "; " + std::to_string(rescued.attempts_lost) + " attempts are lost";
  }
}

Rescued copy_sound(const fs::path& damaged, const fs::path& fresh, bool needs_proposals) {
  Database from(damaged, /*read_only=*/true);
  // Else SQLite refuses all of a file that is shorter than its header says.
  from.execute("PRAGMA writable_schema = ON");
  Database to(fresh);
  migrate_store(to);
  Transaction transaction(to);
  Rescued rescued;
  copy_proposals(from, to, rescued);
  copy_trials(from, to, needs_proposals, rescued);
  if (!copy_table(from, to, "facts", "(?,?)")) rescued.lost += "; facts are lost";
  copy_table(from, to, "events", "(?,?,?,?)");
  copy_attempts(from, to, rescued);
  to.execute("DELETE FROM facts WHERE key = '" + std::string(kFinishedFact) + "' OR key LIKE '" +
             kPhaseFacts + "%'");
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

void remove_database(const fs::path& file) {
  for (const char* suffix : {"", "-wal", "-shm", "-journal"}) fs::remove(with_suffix(file, suffix));
}

/// With its log.
void put_aside(const fs::path& store, const fs::path& aside) {
  for (const char* suffix : {"-wal", ""}) {
    if (fs::exists(with_suffix(store, suffix)))
      fs::copy_file(with_suffix(store, suffix), with_suffix(aside, suffix));
  }
}

/// Nothing where the file cannot be read at all.
std::optional<Rescued> rebuild(const fs::path& damaged, const fs::path& fresh,
                               bool needs_proposals) {
  remove_database(fresh);
  try {
    return copy_sound(damaged, fresh, needs_proposals);
  } catch (const Error& error) {
    remove_database(fresh);
    if (error.kind() != ErrorKind::kRun) throw;
    return std::nullopt;
  }
}

/// Of a store with a damaged log, which SQLite must not open before the copy is whole: it would
/// write into the file what it recovers, and remove the log. Either what SQLite would recover or
/// all of the log may hold more that is sound.
std::optional<Rescued> rebuild_from_log(const fs::path& store, const fs::path& fresh,
                                        bool needs_proposals) {
  const std::string bytes = read_file(store), wal = read_file(wal_of(store));
  const fs::path image = with_suffix(store, ".image"), other = with_suffix(image, ".rescue");
  std::optional<Rescued> best;
  for (const LogPart part : {LogPart::kRecovered, LogPart::kAll}) {
    remove_database(image);
    write_file_atomic(image, image_with_log(bytes, wal, part));
    const auto rescued = rebuild(image, other, needs_proposals);
    if (rescued && (!best || best->worth() < rescued->worth())) {
      best = rescued;
      fs::rename(other, fresh);
    }
  }
  remove_database(image);
  remove_database(other);
  return best;
}

}  // namespace

std::optional<std::string> rescue_store(const fs::path& store, bool needs_proposals) {
  refuse_orphaned_wal(store);
  const fs::path aside = free_name(store);
  const fs::path fresh = with_suffix(store, ".rescue");
  const auto damaged_wal = keep_damaged_wal(store);
  const std::string damage = damaged_wal ? *damaged_wal : damage_of(store, needs_proposals);
  if (damage.empty()) return std::nullopt;
  const auto rescued = damaged_wal ? rebuild_from_log(store, fresh, needs_proposals)
                                   : rebuild(store, fresh, needs_proposals);
  if (!rescued || rescued->worth() == Rescued().worth()) {
    remove_database(fresh);
    throw Error(ErrorKind::kRun, store.string() + ": nothing of the damaged store can be read (" +
                                     damage + "); put a copy back, or start a new run");
  }
  // The copy is whole before anything is taken away; a stale WAL must never meet the new file.
  put_aside(store, aside);
  for (const char* suffix : {"-wal", "-shm", "-journal"}) fs::remove(with_suffix(store, suffix));
  fs::rename(fresh, store);
  std::string message = store.string() + " was damaged (" + damage + "): " + rescued->kept() +
                        rescued->lost + "; the damaged file is " + aside.string();
  TrialStore(store).append_event("rescued", message);
  return message;
}

}  // namespace ridgeline
