#include "experiments/store.h"

#include <sys/vfs.h>

#include <cmath>

#include "core/error.h"
#include "experiments/store_schema.h"

namespace ridgeline {
namespace {

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
  }
  migrate_store(*database_);
}

void TrialStore::append(const Trial& trial) {
  Statement insert(*database_, "INSERT INTO trials (" + std::string(kTrialColumns) +
                                   ") VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
  bind_trial(insert, trial);
  insert.write();
}

void TrialStore::append_all(const std::vector<Trial>& trials) {
  Transaction transaction(*database_);
  for (const auto& trial : trials) append(trial);
  transaction.commit();
}

std::vector<Trial> TrialStore::trials(Phase phase) const {
  Statement query(*database_, "SELECT " + std::string(kTrialColumns) +
                                  " FROM trials WHERE phase = ? ORDER BY id");
  query.bind(enum_name(phase));
  std::vector<Trial> result;
  while (query.row()) result.push_back(read_trial(query, database_->path().string()));
  return result;
}

size_t TrialStore::count(Phase phase) const {
  Statement query(*database_, "SELECT count(*) FROM trials WHERE phase = ?");
  query.bind(enum_name(phase));
  return query.row() ? static_cast<size_t>(query.integer(0)) : 0;
}

std::optional<Trial> TrialStore::best(Phase phase) const {
  std::optional<Trial> best;
  for (auto& trial : trials(phase)) {
    if (trial.status == TrialStatus::kComplete && (!best || better(trial, *best)))
      best = std::move(trial);
  }
  return best;
}

void TrialStore::append_attempt(const TrialResult& attempt, uint64_t network) {
  const Evaluation& evaluation = attempt.evaluation;
  Statement insert(*database_,
                   "INSERT OR REPLACE INTO attempts (trial, attempt, network, host, status, "
                   "accuracy, loss, seconds, finished_at, cause, log_tail) "
                   "VALUES (?,?,?,?,?,?,?,?,?,?,?)");
  insert.bind(static_cast<int64_t>(attempt.id)).bind(static_cast<int64_t>(attempt.attempt));
  insert.bind(static_cast<int64_t>(network));
  insert.bind(attempt.host).bind(enum_name(evaluation.status)).bind(evaluation.accuracy);
  insert.bind(std::isfinite(evaluation.loss) ? evaluation.loss : 0.0).bind(evaluation.seconds);
  insert.bind(utc_now()).bind(evaluation.message).bind(attempt.log_tail);
  insert.write();
}

std::vector<TrialResult> TrialStore::attempts(uint64_t trial,
                                              std::optional<uint64_t> network) const {
  Statement query(*database_,
                  "SELECT attempt, host, status, accuracy, loss, seconds, cause, log_tail FROM "
                  "attempts WHERE trial = ?" +
                      std::string(network ? " AND network = ?" : "") + " ORDER BY attempt");
  query.bind(static_cast<int64_t>(trial));
  if (network) query.bind(static_cast<int64_t>(*network));
  std::vector<TrialResult> result;
  while (query.row()) {
    TrialResult attempt;
    attempt.id = trial;
    attempt.attempt = static_cast<int>(query.integer(0));
    attempt.host = query.text(1);
    attempt.evaluation.status = status_from_text(query.text(2), database_->path().string());
    attempt.evaluation.accuracy = query.real(3);
    attempt.evaluation.loss = query.real(4);
    attempt.evaluation.seconds = query.real(5);
    attempt.evaluation.message = query.text(6);
    attempt.log_tail = query.text(7);
    result.push_back(std::move(attempt));
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
  Statement insert(*database_,
                   "INSERT INTO batches (id, first_trial, trials, mean_reward, loss, baseline, "
                   "entropy, gradient_norm, learned_at) VALUES (?,?,?,?,?,?,?,?,?)");
  insert.bind(static_cast<int64_t>(batch.id)).bind(static_cast<int64_t>(batch.first_trial));
  insert.bind(static_cast<int64_t>(batch.trials)).bind(batch.stats.mean_reward);
  insert.bind(batch.stats.loss).bind(batch.stats.baseline).bind(batch.stats.entropy);
  insert.bind(batch.stats.gradient_norm).bind(utc_now());
  insert.write();
  if (checkpoint) {
    Statement save(*database_,
                   "INSERT OR REPLACE INTO checkpoints (trials, next_batch, history, state) "
                   "VALUES (?,?,?,?)");
    save.bind(static_cast<int64_t>(checkpoint->trials));
    save.bind(static_cast<int64_t>(checkpoint->next_batch));
    save.bind(static_cast<int64_t>(checkpoint->history)).bind_blob(checkpoint->state);
    save.write();
    database_->execute(
        "DELETE FROM checkpoints WHERE trials NOT IN "
        "(SELECT trials FROM checkpoints ORDER BY trials DESC LIMIT 2)");
  }
  transaction.commit();
}

int TrialStore::batches() const {
  return static_cast<int>(database_->integer("SELECT count(*) FROM batches"));
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
  Statement query(
      *database_,
      "SELECT trials, next_batch, history, state FROM checkpoints ORDER BY trials DESC");
  std::vector<Checkpoint> result;
  while (query.row()) {
    result.push_back({static_cast<uint64_t>(query.integer(0)), static_cast<int>(query.integer(1)),
                      static_cast<uint64_t>(query.integer(2)), query.text(3)});
  }
  return result;
}

void TrialStore::append_event(const std::string& kind, const std::string& text) {
  Statement insert(*database_, "INSERT INTO events (time, kind, text) VALUES (?,?,?)");
  insert.bind(utc_now()).bind(kind).bind(text).write();
}

std::vector<Event> TrialStore::events() const {
  Statement query(*database_, "SELECT time, kind, text FROM events ORDER BY id");
  std::vector<Event> result;
  while (query.row()) result.push_back({query.text(0), query.text(1), query.text(2)});
  return result;
}

void TrialStore::set_fact(const std::string& key, const std::string& value) {
  Statement upsert(*database_, "INSERT OR REPLACE INTO facts (key, value) VALUES (?, ?)");
  upsert.bind(key).bind(value).write();
}

std::optional<std::string> TrialStore::fact(const std::string& key) const {
  Statement query(*database_, "SELECT value FROM facts WHERE key = ?");
  query.bind(key);
  if (!query.row()) return std::nullopt;
  return query.text(0);
}

}  // namespace ridgeline
