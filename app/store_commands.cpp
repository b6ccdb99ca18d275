#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "app/commands.h"
#include "app/report.h"
#include "core/file.h"
#include "core/units.h"
#include "experiments/finalists.h"
#include "experiments/fork.h"
#include "experiments/run_directory.h"
#include "experiments/store/facts.h"

namespace ridgeline {
namespace fs = std::filesystem;
namespace {

/// What a reader looks for first: the result, then counts, times and long texts.
std::vector<std::string> shown_columns() {
  std::vector<std::string> columns = trial_columns();
  for (const char* late : {"params", "madds", "reused_from", "seconds", "finished_at", "genotype",
                           "cause", kArchitectureColumn, "additional_latencies", "coefficients"}) {
    const auto at = std::find(columns.begin(), columns.end(), late);
    std::rotate(at, at + 1, columns.end());
  }
  return columns;
}

/// Points of plain decisions have no parameters and multiply-adds: null, not 0.
std::string selected(const std::string& column) {
  const bool count = column == "params" || column == "madds";
  return count ? "nullif(" + column + ", 0) AS " + column : column;
}

/// What cannot be read is reported below the table.
std::vector<std::string> run_row(const fs::path& path, std::string& unreadable) {
  try {
    RunDirectory run = RunDirectory::read(path);
    const auto winner = winner_of(run.store());
    const auto best = winner ? std::optional(winner->trial) : std::nullopt;
    return {path.string(),
            std::to_string(run.store().count(Phase::kSearch)) + "/" +
                std::to_string(run.config().search.trials),
            run.state(),
            best ? format_fixed(best->reward, 4) : "-",
            best ? format_fixed(100 * best->accuracy, 2) + " %" : "-",
            best ? format_ms(best->latency_ms()) : "-",
            run.store().fact(kStartedFact).value_or("-")};
  } catch (const Error& error) {
    unreadable += std::string(error.what()) + "\n";
    return {path.string(), "-", "unreadable", "-", "-", "-", "-"};
  }
}

std::string csv_text(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

std::string csv_field(const SqlValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return csv_text(*text);
  if (const auto* real = std::get_if<double>(&value)) return ConfigWriter::plain_number(*real);
  if (const auto* number = std::get_if<int64_t>(&value)) return std::to_string(*number);
  return {};
}

void print_query_csv(Statement& query) {
  for (int column = 0; column < query.columns(); ++column)
    std::cout << (column > 0 ? "," : "") << query.name(column);
  std::cout << "\n";
  while (query.row()) {
    for (int column = 0; column < query.columns(); ++column)
      std::cout << (column > 0 ? "," : "") << csv_field(query.value(column));
    std::cout << "\n";
  }
}

void print_query_json(Statement& query) {
  auto rows = nlohmann::ordered_json::array();
  while (query.row()) {
    nlohmann::ordered_json row;
    for (int column = 0; column < query.columns(); ++column) {
      auto& field = row[query.name(column)];
      const auto set = [&](const auto& value) {
        if constexpr (!std::is_same_v<std::decay_t<decltype(value)>, std::monostate>) field = value;
      };
      std::visit(set, query.value(column));
    }
    rows.push_back(std::move(row));
  }
  std::cout << rows.dump(2) << "\n";
}

/// Throws for a trial that is damaged: a condition may be true of nothing but its damage.
std::vector<Trial> read_trials(Database& database, const std::string& rest = "") {
  Statement query(database, select_trials(rest));
  std::vector<Trial> trials;
  while (query.row())
    trials.push_back(read_trial(query, database.path().string(), /*architecture=*/false));
  return trials;
}

uintmax_t bytes_below(const fs::path& path) {
  if (!fs::exists(path)) return 0;
  if (fs::is_regular_file(path)) return fs::file_size(path);
  uintmax_t bytes = 0;
  for (const auto& entry : fs::recursive_directory_iterator(path)) {
    if (entry.is_regular_file()) bytes += entry.file_size();
  }
  return bytes;
}

}  // namespace

void runs_command(const RunsOptions& options) {
  std::error_code error;
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(options.folder, error)) {
    if (fs::exists(entry.path() / "config.yaml")) paths.push_back(entry.path());
  }
  if (error)
    throw Error(ErrorKind::kIo, options.folder + ": " + error.message() + "; runs lie in runs/");
  std::sort(paths.begin(), paths.end());
  TextTable table{{"run", "trials", "state", "reward", "accuracy", "latency", "started"}, {}};
  std::string unreadable;
  for (const auto& path : paths) table.rows.push_back(run_row(path, unreadable));
  std::cout << table.str() << unreadable;
}

void trials_command(const TrialsOptions& options) {
  if (options.csv && options.json)
    throw Error(ErrorKind::kUsage, "--csv and --json exclude each other");
  const RunDirectory run = RunDirectory::read(options.run);
  Database database(run.store_file(), /*read_only=*/true);
  read_trials(database);
  const std::string condition =
      " WHERE (" + (options.where.empty() ? "1" : options.where) + "\n) ORDER BY id";
  std::vector<std::string> fields = shown_columns();
  std::transform(fields.begin(), fields.end(), fields.begin(), selected);
  std::unique_ptr<Statement> query;
  try {
    query = std::make_unique<Statement>(database,
                                        "SELECT " + join(fields) + " FROM trials" + condition);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kIo) throw;
    const std::string what = error.what();
    const size_t cause = what.find("cannot read: ");
    throw Error(ErrorKind::kUsage,
                "--where '" + options.where +
                    "': " + (cause == std::string::npos ? what : what.substr(cause + 13)) +
                    "; valid: a condition of SQL over " + join(shown_columns()));
  }
  if (options.csv) {
    print_query_csv(*query);
  } else if (options.json) {
    print_query_json(*query);
  } else {
    const auto trials = read_trials(database, condition);
    std::cout << trial_table(trials) << trials.size()
              << (trials.size() == 1 ? " trial\n" : " trials\n");
  }
}

void fork_command(const ForkOptions& options) {
  fork_run(options.run, options.at, options.new_run, options.settings);
  std::cout << options.new_run << ": holds the first " << options.at << " trials of " << options.run
            << "; continue it with: ridgeline resume " << options.new_run << "\n";
}

void gc_command(const GcOptions& options) {
  RunDirectory run = RunDirectory::open(options.run);
  const uintmax_t folders = bytes_below(run.trials_folder());
  fs::remove_all(run.trials_folder());
  const uintmax_t before = bytes_below(run.store_file());
  // A run that is still to be continued keeps the one checkpoint that shortens it.
  const int removed = run.store().remove_checkpoints(run.store().fact(kFinishedFact) ? 0 : 1);
  const uintmax_t after = bytes_below(run.store_file());
  std::cout << options.run << ": freed " << format_bytes(static_cast<double>(folders))
            << " of trial files and "
            << format_bytes(static_cast<double>(before > after ? before - after : 0)) << " of "
            << removed << " old checkpoints\n";
}

}  // namespace ridgeline
