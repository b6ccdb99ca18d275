#include "experiments/store/store_rows.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "core/random.h"
#include "experiments/store/columns.h"

namespace ridgeline {
namespace {

/// "?,?,?"
std::string placeholders(size_t count) { return join(std::vector<std::string>(count, "?"), ","); }

/// Collects what a checksum is taken of.
class Checksum {
 public:
  Checksum& add(const SqlValue& value) {
    if (const auto* real = std::get_if<double>(&value)) {
      bytes_.append(reinterpret_cast<const char*>(real), sizeof *real);
    } else if (const auto* number = std::get_if<uint64_t>(&value)) {
      bytes_ += std::to_string(*number) + "|";
    } else if (const auto* text = std::get_if<std::string>(&value)) {
      bytes_ += *text + "|";
    } else {
      bytes_ += std::to_string(held<int64_t>(value)) + "|";
    }
    return *this;
  }
  Checksum& add(const std::vector<SqlValue>& values) {
    for (const auto& value : values) add(value);
    return *this;
  }
  int64_t value() const { return static_cast<int64_t>(hash_text(bytes_)); }

 private:
  std::string bytes_;
};

/// In the order of the checksum. A column that is added must be text and come last: while it is
/// empty, it does not count, and rows from before keep their checksums.
const std::vector<Column<Trial>>& columns_of_trials() {
  static const std::vector<Column<Trial>> columns = {
      column<Trial, &Trial::id>("id"),
      column<Trial, &Trial::phase>("phase"),
      {"batch",
       [](const Trial& t) { return t.phase == Phase::kSearch ? to_value(t.batch) : SqlValue(); },
       [](Trial& t, const SqlValue& value) { from_value(value, t.batch); }},
      column<Trial, &Trial::genotype>("genotype"),
      column<Trial, &Trial::architecture>(kArchitectureColumn),
      column<Trial, &Trial::status>("status"),
      column<Trial, &Trial::params>("params"),
      column<Trial, &Trial::madds>("madds"),
      column<Trial, &Trial::reused_from>("reused_from"),
      column<Trial, &Trial::finished_at>("finished_at"),
      column<Trial, &Trial::cause>("cause"),
      column<Trial, &Trial::accuracy>("accuracy"),
      {"latency_ms", [](const Trial& t) { return to_value(t.latency_ms()); },
       [](Trial& t, const SqlValue& value) {
         t.latencies.resize(1);
         from_value(value, t.latencies[0].ms);
       }},
      column<Trial, &Trial::reward>("reward"),
      column<Trial, &Trial::loss>("loss"),
      column<Trial, &Trial::seconds>("seconds"),
      {"additional_latencies", [](const Trial& t) { return to_value(t.additional_latencies()); },
       [](Trial& t, const SqlValue& value) { from_value(value, t.latencies); }},
      column<Trial, &Trial::coefficients>("coefficients"),
      {"stopped_at_epoch",
       [](const Trial& t) {
         return SqlValue(t.stopped_at_epoch > 0 ? std::to_string(t.stopped_at_epoch) : "");
       },
       [](Trial& t, const SqlValue& value) {
         t.stopped_at_epoch = std::atoi(held<std::string>(value).c_str());
       }},
  };
  return columns;
}

int64_t checksum_of_trial(std::vector<SqlValue> values) {
  while (values.back() == SqlValue(std::string())) values.pop_back();
  return Checksum().add(values).value();
}

/// Likewise; the learning curve comes after them.
const std::vector<Column<RecordedAttempt>>& columns_of_attempts() {
  using Row = RecordedAttempt;
  static const std::vector<Column<Row>> columns = {
      column<Row, &Row::result, &TrialResult::id>("trial"),
      column<Row, &Row::result, &TrialResult::attempt>("attempt"),
      column<Row, &Row::network>("network"),
      column<Row, &Row::result, &TrialResult::host>("host"),
      column<Row, &Row::result, &TrialResult::evaluation, &Evaluation::status>("status"),
      column<Row, &Row::finished_at>("finished_at"),
      column<Row, &Row::result, &TrialResult::evaluation, &Evaluation::message>("cause"),
      column<Row, &Row::result, &TrialResult::log_tail>("log_tail"),
      column<Row, &Row::result, &TrialResult::evaluation, &Evaluation::accuracy>("accuracy"),
      column<Row, &Row::result, &TrialResult::evaluation, &Evaluation::loss>("loss"),
      column<Row, &Row::result, &TrialResult::evaluation, &Evaluation::seconds>("seconds"),
  };
  return columns;
}

int64_t checksum(const RecordedAttempt& recorded) {
  Checksum sum;
  sum.add(values_of(columns_of_attempts(), recorded));
  for (const auto& metric : recorded.result.evaluation.metrics)
    sum.add(to_value(metric.epoch)).add(metric.name).add(metric.value);
  return sum.value();
}

int64_t checksum(const Proposal& proposal) {
  Checksum sum;
  sum.add(proposal.id).add(to_value(proposal.genotype)).add(to_value(proposal.updates));
  return sum.add(proposal.log_probability).value();
}

int64_t checksum_of_mere_id(uint64_t id) {
  Proposal proposal;
  proposal.id = id;
  return checksum(proposal);
}

/// As the table orders and holds them: a number per epoch and name, finite.
std::vector<Metric> stored(std::vector<Metric> metrics) {
  std::erase_if(metrics, [](const Metric& metric) { return !std::isfinite(metric.value); });
  std::stable_sort(metrics.begin(), metrics.end(), [](const Metric& a, const Metric& b) {
    return a.epoch != b.epoch ? a.epoch < b.epoch : a.name < b.name;
  });
  const auto same = [](const Metric& a, const Metric& b) {
    return a.epoch == b.epoch && a.name == b.name;
  };
  metrics.erase(std::unique(metrics.begin(), metrics.end(), same), metrics.end());
  return metrics;
}

/// Throws for what must not become a result.
void require_ended(TrialStatus status, uint64_t trial) {
  if (status != TrialStatus::kPending) return;
  throw Error(ErrorKind::kInternal,
              "trial " + std::to_string(trial) + " is pending: there is no result to record");
}

std::string of_one(std::optional<uint64_t> trial) { return trial ? " WHERE trial = ?" : ""; }

Error unreadable_row(const std::exception& cause, const std::string& where) {
  return Error(ErrorKind::kRun,
               where + ": the store is damaged, or of another version: " + cause.what());
}

}  // namespace

Error damaged_row(const std::string& what, const std::string& where) {
  return Error(ErrorKind::kRun, where + ": the store is damaged (" + what +
                                    " does not match its checksum); `ridgeline resume` keeps what "
                                    "is sound of it");
}

std::string select_proposals(const std::string& rest) {
  return "SELECT id, genotype, updates, log_probability, checksum FROM proposals " + rest;
}

void ensure_proposal(Database& database, uint64_t id) {
  Statement proposal(database, "INSERT OR IGNORE INTO proposals (id, checksum) VALUES (?, ?)");
  proposal.bind(id).bind(checksum_of_mere_id(id)).write();
}

void give_checksums_to_mere_ids(Database& database) {
  std::vector<uint64_t> ids;
  Statement query(database, "SELECT id FROM proposals WHERE genotype IS NULL AND checksum = 0");
  while (query.row()) ids.push_back(static_cast<uint64_t>(query.integer(0)));
  Statement update(database, "UPDATE proposals SET checksum = ? WHERE id = ?");
  for (const uint64_t id : ids) update.bind(checksum_of_mere_id(id)).bind(id).write();
}

void write_proposal(Database& database, const Proposal& proposal) {
  Statement insert(database,
                   "INSERT OR REPLACE INTO proposals (id, genotype, updates, log_probability, "
                   "checksum) VALUES (?,?,?,?,?)");
  Proposal stored = proposal;
  insert.bind(proposal.id).bind(to_text(proposal.genotype));
  if (proposal.updates < 0) {
    stored.log_probability = 0;
    insert.bind(std::monostate()).bind(std::monostate());
  } else {
    insert.bind(proposal.updates).bind(proposal.log_probability);
  }
  insert.bind(checksum(stored)).write();
}

std::optional<Proposal> read_proposal(const Statement& row) {
  Proposal proposal;
  proposal.id = static_cast<uint64_t>(row.integer(0));
  if (!row.is_null(2)) proposal.updates = static_cast<int>(row.integer(2));
  proposal.log_probability = row.real(3);
  try {
    if (!row.is_null(1)) proposal.genotype = genotype_from_text(row.text(1));
  } catch (const Error&) {
    return std::nullopt;
  }
  if (row.integer(4) != checksum(proposal)) return std::nullopt;
  return proposal;
}

TrialStatus status_from_text(const std::string& text, const std::string& where) {
  try {
    return enum_from_text<TrialStatus>(text);
  } catch (const Error& error) {
    throw unreadable_row(error, where);
  }
}

std::vector<std::string> trial_columns() { return names_of(columns_of_trials()); }

std::string select_trials(const std::string& rest) {
  static const std::string select =
      "SELECT " + join(names_of(columns_of_trials())) + ", checksum, commit_index FROM trials ";
  return select + rest;
}

void write_trial(Database& database, const Trial& trial) {
  require_ended(trial.status, trial.id);
  ensure_proposal(database, trial.id);
  if (trial.phase == Phase::kSearch) {
    Statement open(database, "INSERT OR IGNORE INTO batches (id, first_trial) VALUES (?, ?)");
    open.bind(trial.batch).bind(trial.id).write();
  }
  const auto& columns = columns_of_trials();
  static const std::string sql = "INSERT INTO trials (" + join(names_of(columns)) +
                                 ", checksum, commit_index) VALUES (" +
                                 placeholders(columns.size() + 1) +
                                 ", (SELECT ifnull(max(commit_index), -1) + 1 FROM trials))";
  Statement insert(database, sql);
  std::vector<SqlValue> values = values_of(columns, trial);
  for (const auto& value : values) insert.bind(value);
  insert.bind(checksum_of_trial(std::move(values))).write();
}

Trial read_trial(const Statement& row, const std::string& where, bool architecture) {
  const auto& columns = columns_of_trials();
  const auto count = static_cast<int>(columns.size());
  std::vector<SqlValue> values;
  for (int i = 0; i < count; ++i) values.push_back(row.value(i));
  if (row.integer(count) != checksum_of_trial(values))
    throw damaged_row("trial " + std::to_string(row.integer(0)), where);
  Trial trial;
  trial.commit_index = static_cast<uint64_t>(row.integer(count + 1));
  try {
    for (size_t i = 0; i < columns.size(); ++i) {
      if (architecture || columns[i].name != std::string_view(kArchitectureColumn))
        columns[i].set(trial, values[i]);
    }
  } catch (const Error& error) {
    throw unreadable_row(error, where);
  }
  return trial;
}

void write_attempt(Database& database, const RecordedAttempt& attempt) {
  RecordedAttempt recorded = attempt;
  if (recorded.finished_at.empty()) recorded.finished_at = utc_now();
  Evaluation& evaluation = recorded.result.evaluation;
  require_ended(evaluation.status, recorded.result.id);
  evaluation.metrics = stored(std::move(evaluation.metrics));
  ensure_proposal(database, recorded.result.id);
  const auto& columns = columns_of_attempts();
  static const std::string sql = "INSERT OR REPLACE INTO attempts (" + join(names_of(columns)) +
                                 ", checksum) VALUES (" + placeholders(columns.size() + 1) + ")";
  Statement insert(database, sql);
  for (const auto& value : values_of(columns, recorded)) insert.bind(value);
  insert.bind(checksum(recorded)).write();
  if (evaluation.metrics.empty()) return;
  Statement point(database,
                  "INSERT INTO metrics (trial, attempt, epoch, name, value) VALUES (?,?,?,?,?)");
  for (const auto& metric : evaluation.metrics) {
    point.bind(recorded.result.id).bind(recorded.result.attempt).bind(metric.epoch);
    point.bind(metric.name).bind(metric.value).write();
  }
}

AttemptReader::AttemptReader(Database& database, std::optional<uint64_t> trial)
    : where_(database.path().string()),
      attempts_(database, "SELECT " + join(names_of(columns_of_attempts())) +
                              ", checksum FROM attempts" + of_one(trial) +
                              " ORDER BY trial, attempt"),
      metrics_(database, "SELECT trial, attempt, epoch, name, value FROM metrics" + of_one(trial) +
                             " ORDER BY trial, attempt, epoch, name") {
  if (trial) {
    attempts_.bind(*trial);
    metrics_.bind(*trial);
  }
  metric_waits_ = metrics_.row();
}

bool AttemptReader::next() {
  if (!attempts_.row()) return false;
  attempt_ = {};
  const auto& columns = columns_of_attempts();
  sound_ = true;
  try {
    for (size_t i = 0; i < columns.size(); ++i)
      columns[i].set(attempt_, attempts_.value(static_cast<int>(i)));
  } catch (const Error&) {  // a status that is no word of ours
    sound_ = false;
  }
  read_metrics();
  sound_ = sound_ && attempts_.integer(static_cast<int>(columns.size())) == checksum(attempt_);
  return true;
}

void AttemptReader::require_sound() const {
  if (sound_) return;
  throw damaged_row("attempt " + std::to_string(attempt_.result.attempt) + " at trial " +
                        std::to_string(attempt_.result.id),
                    where_);
}

/// Both statements go through their rows in the same order; metrics of no attempt are passed over.
void AttemptReader::read_metrics() {
  const std::pair<int64_t, int64_t> own{attempts_.integer(0), attempts_.integer(1)};
  for (; metric_waits_; metric_waits_ = metrics_.row()) {
    const std::pair<int64_t, int64_t> found{metrics_.integer(0), metrics_.integer(1)};
    if (found > own) return;
    if (found < own) continue;
    attempt_.result.evaluation.metrics.push_back(
        {static_cast<int>(metrics_.integer(2)), metrics_.text(3), metrics_.real(4)});
  }
}

}  // namespace ridgeline
