#include "experiments/store/store_rows.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <sstream>

#include "core/config.h"
#include "core/error.h"
#include "core/random.h"

namespace ridgeline {
namespace {

template <class E>
E enum_from_text(const std::string& text, const std::string& where) {
  for (const auto& [value, name] : EnumNames<E>::values) {
    if (text == name) return value;
  }
  throw Error(ErrorKind::kRun, where +
                                   ": the store is damaged, or of another version: it holds the " +
                                   "unknown word '" + text + "'");
}

/// Collects what a checksum is taken of.
class Checksum {
 public:
  Checksum& text(const std::string& value) {
    bytes_ += value + "|";
    return *this;
  }
  Checksum& integer(int64_t value) { return text(std::to_string(value)); }
  Checksum& real(double value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
    return *this;
  }
  /// Never 0, which stands for a row from before there were checksums.
  int64_t value() const {
    const auto hash = static_cast<int64_t>(hash_text(bytes_));
    return hash == 0 ? 1 : hash;
  }

 private:
  std::string bytes_;
};

/// "tpu_v3=8.125 v100=20.5", milliseconds; the names hold neither space nor sign (config.cpp).
std::string text_of(std::span<const AcceleratorLatency> latencies) {
  std::vector<std::string> parts;
  for (const auto& latency : latencies)
    parts.push_back(latency.accelerator + "=" + ConfigWriter::plain_number(latency.ms));
  return join(parts, " ");
}

/// Appends to `latencies` what `text` holds.
void read_latencies(const std::string& text, const std::string& where,
                    std::vector<AcceleratorLatency>& latencies) {
  std::istringstream parts(text);
  for (std::string part; parts >> part;) {
    const size_t equals = part.find('=');
    AcceleratorLatency latency{part.substr(0, equals)};
    const char* end = part.data() + part.size();
    if (equals == std::string::npos ||
        std::from_chars(part.data() + equals + 1, end, latency.ms).ptr != end) {
      throw Error(ErrorKind::kRun,
                  where + ": the store is damaged: '" + part + "' is no latency of an accelerator");
    }
    latencies.push_back(std::move(latency));
  }
}

int64_t checksum(const Proposal& proposal) {
  Checksum sum;
  sum.text(std::to_string(proposal.id)).text(proposal.genotype).integer(proposal.updates);
  return sum.real(proposal.log_probability).value();
}

/// Without the place, which follows from the rows before it.
int64_t checksum(const Trial& t) {
  Checksum sum;
  sum.text(std::to_string(t.id)).text(enum_name(t.phase)).integer(t.batch).text(t.genotype);
  sum.text(t.architecture).text(enum_name(t.status)).integer(t.params).integer(t.madds);
  sum.integer(t.reused_from).text(t.finished_at).text(t.message);
  for (const double number : {t.accuracy, t.latency_ms(), t.reward, t.loss, t.seconds})
    sum.real(number);
  if (t.latencies.size() > 1) sum.text(text_of(t.additional_latencies()));
  return sum.value();
}

int64_t checksum(const RecordedAttempt& recorded) {
  const TrialResult& attempt = recorded.result;
  const Evaluation& evaluation = attempt.evaluation;
  Checksum sum;
  sum.text(std::to_string(attempt.id)).integer(attempt.attempt);
  sum.text(std::to_string(recorded.network)).text(attempt.host).text(enum_name(evaluation.status));
  sum.text(recorded.finished_at).text(evaluation.message).text(attempt.log_tail);
  for (const double number : {evaluation.accuracy, evaluation.loss, evaluation.seconds})
    sum.real(number);
  for (const auto& metric : evaluation.metrics)
    sum.integer(metric.epoch).text(metric.name).real(metric.value);
  return sum.value();
}

double finite_or_0(double value) { return std::isfinite(value) ? value : 0.0; }

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

/// What a row refers to is there before it: the id was proposed, the update is open.
void ensure_proposal(Database& database, uint64_t id) {
  Statement proposal(database, "INSERT OR IGNORE INTO proposals (id) VALUES (?)");
  proposal.bind(static_cast<int64_t>(id)).write();
}

std::string of_one(std::optional<uint64_t> trial) { return trial ? " WHERE trial = ?" : ""; }

}  // namespace

Error damaged_row(const std::string& what, const std::string& where) {
  return Error(ErrorKind::kRun, where + ": the store is damaged (" + what +
                                    " does not match its checksum); `ridgeline resume` keeps what "
                                    "is sound of it");
}

void write_proposal(Database& database, const Proposal& proposal) {
  Statement insert(database,
                   "INSERT INTO proposals (id, updates, log_probability, genotype, checksum) "
                   "VALUES (?,?,?,?,?) ON CONFLICT (id) DO UPDATE SET updates = excluded.updates, "
                   "log_probability = excluded.log_probability, genotype = excluded.genotype, "
                   "checksum = excluded.checksum");
  insert.bind(static_cast<int64_t>(proposal.id));
  Proposal stored = proposal;
  if (proposal.updates < 0) {
    stored.updates = -1;
    stored.log_probability = 0;
    insert.bind_null().bind_null();
  } else {
    insert.bind(static_cast<int64_t>(proposal.updates)).bind(proposal.log_probability);
  }
  insert.bind(proposal.genotype).bind(checksum(stored)).write();
}

std::optional<Proposal> read_proposal(const Statement& row) {
  Proposal proposal;
  proposal.id = static_cast<uint64_t>(row.integer(0));
  proposal.genotype = row.text(1);
  if (!row.is_null(2)) proposal.updates = static_cast<int>(row.integer(2));
  proposal.log_probability = row.real(3);
  const int64_t expected = row.integer(4);
  if (expected != 0 && expected != checksum(proposal)) return std::nullopt;
  return proposal;
}

TrialStatus status_from_text(const std::string& text, const std::string& where) {
  return enum_from_text<TrialStatus>(text, where);
}

void write_trial(Database& database, const Trial& trial) {
  Trial stored = trial;
  stored.loss = finite_or_0(trial.loss);
  ensure_proposal(database, trial.id);
  const bool learned = trial.phase == Phase::kSearch;
  if (learned) {
    Statement open(database, "INSERT OR IGNORE INTO batches (id, first_trial) VALUES (?, ?)");
    open.bind(static_cast<int64_t>(trial.batch)).bind(static_cast<int64_t>(trial.id)).write();
  } else {
    stored.batch = 0;
  }
  Statement insert(database, "INSERT INTO trials (" + std::string(kTrialColumns) +
                                 ") VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?, "
                                 "(SELECT ifnull(max(place), -1) + 1 FROM trials),?)");
  insert.bind(static_cast<int64_t>(stored.id)).bind(enum_name(stored.phase));
  if (learned) {
    insert.bind(static_cast<int64_t>(stored.batch));
  } else {
    insert.bind_null();
  }
  insert.bind(stored.genotype).bind(stored.architecture).bind(enum_name(stored.status));
  insert.bind(stored.accuracy).bind(stored.latency_ms()).bind(stored.reward).bind(stored.loss);
  insert.bind(stored.params).bind(stored.madds).bind(stored.reused_from).bind(stored.seconds);
  insert.bind(stored.finished_at).bind(stored.message).bind(checksum(stored));
  insert.bind(text_of(stored.additional_latencies()));
  insert.write();
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
  trial.latencies = {{"", row.real(7)}};
  trial.reward = row.real(8);
  trial.loss = row.real(9);
  trial.params = row.integer(10);
  trial.madds = row.integer(11);
  trial.reused_from = row.integer(12);
  trial.seconds = row.real(13);
  trial.finished_at = row.text(14);
  trial.message = row.text(15);
  read_latencies(row.text(18), where, trial.latencies);
  if (row.integer(16) != 0 && row.integer(16) != checksum(trial)) {
    throw damaged_row("trial " + std::to_string(trial.id), where);
  }
  trial.place = static_cast<uint64_t>(row.integer(17));
  return trial;
}

void write_attempt(Database& database, const RecordedAttempt& attempt) {
  RecordedAttempt recorded = attempt;
  if (recorded.finished_at.empty()) recorded.finished_at = utc_now();
  Evaluation& evaluation = recorded.result.evaluation;
  evaluation.loss = finite_or_0(evaluation.loss);
  evaluation.metrics = stored(std::move(evaluation.metrics));
  const auto trial = static_cast<int64_t>(recorded.result.id);
  const auto number = static_cast<int64_t>(recorded.result.attempt);
  ensure_proposal(database, recorded.result.id);
  Statement insert(database,
                   "INSERT OR REPLACE INTO attempts (trial, attempt, network, host, status, "
                   "accuracy, loss, seconds, finished_at, cause, log_tail, checksum) "
                   "VALUES (?,?,?,?,?,?,?,?,?,?,?,?)");
  insert.bind(trial).bind(number).bind(static_cast<int64_t>(recorded.network));
  insert.bind(recorded.result.host).bind(enum_name(evaluation.status)).bind(evaluation.accuracy);
  insert.bind(evaluation.loss).bind(evaluation.seconds).bind(recorded.finished_at);
  insert.bind(evaluation.message).bind(recorded.result.log_tail).bind(checksum(recorded));
  insert.write();
  if (evaluation.metrics.empty()) return;
  Statement point(database,
                  "INSERT INTO metrics (trial, attempt, epoch, name, value) VALUES (?,?,?,?,?)");
  for (const auto& metric : evaluation.metrics) {
    point.bind(trial).bind(number).bind(static_cast<int64_t>(metric.epoch));
    point.bind(metric.name).bind(metric.value).write();
  }
}

AttemptReader::AttemptReader(Database& database, std::optional<uint64_t> trial)
    : where_(database.path().string()),
      attempts_(database,
                "SELECT trial, attempt, network, host, status, accuracy, loss, seconds, "
                "finished_at, cause, log_tail, checksum FROM attempts" +
                    of_one(trial) + " ORDER BY trial, attempt"),
      metrics_(database, "SELECT trial, attempt, epoch, name, value FROM metrics" + of_one(trial) +
                             " ORDER BY trial, attempt, epoch, name") {
  if (trial) {
    attempts_.bind(static_cast<int64_t>(*trial));
    metrics_.bind(static_cast<int64_t>(*trial));
  }
  metric_waits_ = metrics_.row();
}

bool AttemptReader::next() {
  if (!attempts_.row()) return false;
  attempt_ = {};
  TrialResult& result = attempt_.result;
  result.id = static_cast<uint64_t>(attempts_.integer(0));
  result.attempt = static_cast<int>(attempts_.integer(1));
  attempt_.network = static_cast<uint64_t>(attempts_.integer(2));
  result.host = attempts_.text(3);
  result.evaluation.status = status_from_text(attempts_.text(4), where_);
  result.evaluation.accuracy = attempts_.real(5);
  result.evaluation.loss = attempts_.real(6);
  result.evaluation.seconds = attempts_.real(7);
  attempt_.finished_at = attempts_.text(8);
  result.evaluation.message = attempts_.text(9);
  result.log_tail = attempts_.text(10);
  read_metrics();
  const int64_t expected = attempts_.integer(11);
  sound_ = expected == 0 || expected == checksum(attempt_);
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
