#include "experiments/store/store.h"

#include <sys/vfs.h>

#include <algorithm>

#include "core/error.h"
#include "experiments/store/store_schema.h"

namespace ridgeline {
namespace {

// What the log alone holds is lost with the log: so it is kept short, and the first trials leave it
// at once.
constexpr int kMostPagesInLog = 64;
constexpr int kEarlyCommits = 4;

long file_system_type(const std::filesystem::path& file) {
  struct statfs info {};
  return statfs(file.c_str(), &info) == 0 ? static_cast<long>(info.f_type) : 0;
}

}  // namespace

TrialStore::TrialStore(const std::filesystem::path& path, bool read_only)
    : database_(std::make_unique<Database>(path, read_only)) {
  if (!read_only) {
    const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
    database_->execute("PRAGMA journal_mode = " + journal_mode_for(file_system_type(folder)));
    database_->execute("PRAGMA synchronous = FULL");
    database_->integer("PRAGMA wal_autocheckpoint = " + std::to_string(kMostPagesInLog));
  }
  migrate_store(*database_);
  if (!read_only) database_->checkpoint();
}

void TrialStore::hold() { database_->hold(true); }

bool TrialStore::commit() {
  if (!database_->flush()) return false;
  if (early_commits_ < kEarlyCommits) {
    ++early_commits_;
    database_->checkpoint();
  }
  return true;
}

void TrialStore::release() {
  database_->hold(false);
  if (database_->in_transaction()) database_->execute("ROLLBACK");
}

void TrialStore::append_proposals(const std::vector<Proposal>& proposals) {
  if (proposals.empty()) return;
  Transaction transaction(*database_);
  for (const auto& proposal : proposals) write_proposal(*database_, proposal);
  transaction.commit();
}

std::vector<Proposal> TrialStore::proposals() const {
  Statement query(*database_, select_proposals("WHERE genotype IS NOT NULL ORDER BY id"));
  std::vector<Proposal> result;
  while (query.row()) {
    auto proposal = read_proposal(query);
    if (!proposal) {
      throw damaged_row("proposal " + std::to_string(query.integer(0)), database_->path().string());
    }
    result.push_back(std::move(*proposal));
  }
  return result;
}

void TrialStore::append(const Trial& trial) {
  Transaction transaction(*database_);
  write_trial(*database_, trial);
  transaction.commit();
}

void TrialStore::append_all(const std::vector<Trial>& trials,
                            const std::vector<Proposal>& proposals,
                            const std::vector<RecordedAttempt>& attempts) {
  Transaction transaction(*database_);
  append_proposals(proposals);
  for (const auto& trial : trials) write_trial(*database_, trial);
  for (const auto& attempt : attempts) write_attempt(*database_, attempt);
  transaction.commit();
}

std::vector<Trial> TrialStore::trials(Phase phase, bool architectures) const {
  Statement query(*database_, select_trials("WHERE phase = ? ORDER BY id"));
  query.bind(enum_name(phase));
  std::vector<Trial> result;
  while (query.row())
    result.push_back(read_trial(query, database_->path().string(), architectures));
  return result;
}

size_t TrialStore::count(Phase phase) const {
  Statement query(*database_, "SELECT count(*) FROM trials WHERE phase = ?");
  query.bind(enum_name(phase));
  return query.row() ? static_cast<size_t>(query.integer(0)) : 0;
}

std::optional<Trial> TrialStore::find(uint64_t id) const {
  Statement query(*database_, select_trials("WHERE id = ?"));
  query.bind(id);
  if (!query.row()) return std::nullopt;
  return read_trial(query, database_->path().string());
}

std::optional<Trial> TrialStore::best(Phase phase) const {
  const std::vector<Trial> all = trials(phase, /*architectures=*/false);
  const auto best = std::min_element(all.begin(), all.end(), better);
  if (best == all.end() || best->status != TrialStatus::kComplete) return std::nullopt;
  return find(best->id);
}

void TrialStore::append_attempt(const TrialResult& attempt, uint64_t network) {
  Transaction transaction(*database_);
  write_attempt(*database_, {attempt, network});
  transaction.commit();
}

std::vector<RecordedAttempt> TrialStore::recorded_attempts(std::optional<uint64_t> trial) const {
  AttemptReader reader(*database_, trial);
  std::vector<RecordedAttempt> result;
  while (reader.next()) {
    reader.require_sound();
    result.push_back(reader.attempt());
  }
  return result;
}

std::vector<TrialResult> TrialStore::attempts(uint64_t trial,
                                              std::optional<uint64_t> network) const {
  std::vector<TrialResult> result;
  for (auto& recorded : recorded_attempts(trial)) {
    if (!network || recorded.network == *network) result.push_back(std::move(recorded.result));
  }
  return result;
}

std::vector<AttemptCount> TrialStore::attempt_counts() const {
  Statement query(*database_,
                  "SELECT status, cause, count(*) AS n FROM attempts GROUP BY status, cause "
                  "ORDER BY status, n DESC, cause");
  std::vector<AttemptCount> result;
  while (query.row()) {
    result.push_back({status_from_text(query.text(0), database_->path().string()), query.text(1),
                      query.integer(2)});
  }
  return result;
}

void TrialStore::append_batch(const BatchRecord& batch,
                              const std::optional<Checkpoint>& checkpoint) {
  Transaction transaction(*database_);
  Statement insert(
      *database_,
      "INSERT INTO batches (id, first_trial, trials, mean_reward, loss, baseline, "
      "entropy, gradient_norm, learned_at) VALUES (?,?,?,?,?,?,?,?,?) ON CONFLICT (id) "
      "DO UPDATE SET first_trial = excluded.first_trial, trials = excluded.trials, "
      "mean_reward = excluded.mean_reward, loss = excluded.loss, "
      "baseline = excluded.baseline, entropy = excluded.entropy, "
      "gradient_norm = excluded.gradient_norm, learned_at = excluded.learned_at");
  insert.bind(batch.id).bind(batch.first_trial);
  insert.bind(batch.trials).bind(batch.stats.mean_reward);
  insert.bind(batch.stats.loss).bind(batch.stats.baseline).bind(batch.stats.entropy);
  insert.bind(batch.stats.gradient_norm).bind(utc_now());
  insert.write();
  if (checkpoint) {
    Statement save(*database_,
                   "INSERT OR REPLACE INTO checkpoints (trials, batch, history, state) "
                   "VALUES (?,?,?,?)");
    save.bind(checkpoint->trials);
    save.bind(checkpoint->batch);
    save.bind(checkpoint->history).bind_blob(checkpoint->state);
    save.write();
    database_->execute(
        "DELETE FROM checkpoints WHERE trials NOT IN "
        "(SELECT trials FROM checkpoints ORDER BY trials DESC LIMIT 2)");
  }
  transaction.commit();
}

int TrialStore::batches() const {
  return static_cast<int>(
      database_->integer("SELECT count(*) FROM batches WHERE learned_at IS NOT NULL"));
}

int TrialStore::remove_checkpoints(int keep) {
  const int64_t before = database_->integer("SELECT count(*) FROM checkpoints");
  database_->execute(
      "DELETE FROM checkpoints WHERE trials NOT IN "
      "(SELECT trials FROM checkpoints ORDER BY trials DESC LIMIT " +
      std::to_string(keep) + ")");
  database_->execute("VACUUM");
  database_->execute("PRAGMA wal_checkpoint(TRUNCATE)");
  return static_cast<int>(before - database_->integer("SELECT count(*) FROM checkpoints"));
}

std::vector<Checkpoint> TrialStore::checkpoints() const {
  Statement query(*database_,
                  "SELECT trials, batch, history, state FROM checkpoints ORDER BY trials DESC");
  std::vector<Checkpoint> result;
  while (query.row()) {
    result.push_back({static_cast<uint64_t>(query.integer(0)), static_cast<int>(query.integer(1)),
                      static_cast<uint64_t>(query.integer(2)), query.text(3)});
  }
  return result;
}

void TrialStore::append_event(const std::string& kind, const std::string& text) {
  Transaction transaction(*database_);
  Statement insert(*database_, "INSERT INTO events (time, kind, text) VALUES (?,?,?)");
  insert.bind(utc_now()).bind(kind).bind(text).write();
  transaction.commit();
}

std::vector<Event> TrialStore::events() const {
  Statement query(*database_, "SELECT time, kind, text FROM events ORDER BY id");
  std::vector<Event> result;
  while (query.row()) result.push_back({query.text(0), query.text(1), query.text(2)});
  return result;
}

void TrialStore::set_fact(const std::string& key, const std::string& value) {
  Transaction transaction(*database_);
  Statement upsert(*database_, "INSERT OR REPLACE INTO facts (key, value) VALUES (?, ?)");
  upsert.bind(key).bind(value).write();
  transaction.commit();
}

std::optional<std::string> TrialStore::fact(const std::string& key) const {
  Statement query(*database_, "SELECT value FROM facts WHERE key = ?");
  query.bind(key);
  if (!query.row()) return std::nullopt;
  return query.text(0);
}

}  // namespace ridgeline
