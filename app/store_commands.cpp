#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "app/commands.h"
#include "app/report.h"
#include "core/file.h"
#include "core/units.h"
#include "experiments/fork.h"
#include "experiments/run_directory.h"

namespace ridgeline {
namespace fs = std::filesystem;
namespace {

constexpr const char* kTrialFields =
    "id, phase, batch, status, accuracy, latency_ms, reward, loss, params, madds, reused_from, "
    "seconds, finished_at, genotype, message, architecture, further_latencies";

/// Points of plain decisions have no parameters and multiply-adds: null, not 0.
std::string selected_fields() {
  std::string fields = kTrialFields;
  const std::string counts = "params, madds";
  return fields.replace(fields.find(counts), counts.size(),
                        "nullif(params, 0) AS params, nullif(madds, 0) AS madds");
}

/// What cannot be read is told below the table.
std::vector<std::string> run_row(const fs::path& path, std::string& unreadable) {
  try {
    RunDirectory run = RunDirectory::read(path);
    const auto best = run.store().best(Phase::kSearch);
    return {path.string(),
            std::to_string(run.store().count(Phase::kSearch)) + "/" +
                std::to_string(run.config().search.trials),
            run.state(),
            best ? format_fixed(best->reward, 4) : "-",
            best ? format_fixed(100 * best->accuracy, 2) + " %" : "-",
            best ? format_ms(best->latency_ms()) : "-",
            run.store().fact("started_at").value_or("-")};
  } catch (const Error& error) {
    unreadable += std::string(error.what()) + "\n";
    return {path.string(), "-", "unreadable", "-", "-", "-", "-"};
  }
}

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

void print_query_csv(Statement& query) {
  for (int column = 0; column < query.columns(); ++column)
    std::cout << (column > 0 ? "," : "") << query.name(column);
  std::cout << "\n";
  while (query.row()) {
    for (int column = 0; column < query.columns(); ++column) {
      std::cout << (column > 0 ? "," : "")
                << (query.is_real(column) ? ConfigWriter::plain_number(query.real(column))
                                          : csv_field(query.text(column)));
    }
    std::cout << "\n";
  }
}

void print_query_json(Statement& query) {
  auto rows = nlohmann::ordered_json::array();
  while (query.row()) {
    nlohmann::ordered_json row;
    for (int column = 0; column < query.columns(); ++column) {
      const std::string name = query.name(column);
      if (query.is_null(column)) {
        row[name] = nullptr;
      } else if (query.is_real(column)) {
        row[name] = query.real(column);
      } else if (query.is_number(column)) {
        row[name] = query.integer(column);
      } else {
        row[name] = query.text(column);
      }
    }
    rows.push_back(std::move(row));
  }
  std::cout << rows.dump(2) << "\n";
}

std::string with_message(const std::string& genotype, const std::string& message) {
  return genotype + (genotype.empty() || message.empty() ? "" : " ") + message;
}

void print_query_table(Statement& query) {
  TextTable table{
      {"trial", "phase", "status", "reward", "accuracy", "latency", "genotype", "additional"}, {}};
  bool additional = false;
  while (query.row()) {
    table.rows.push_back({query.text(0), query.text(1), query.text(3),
                          format_fixed(query.real(6), 4),
                          format_fixed(100 * query.real(4), 2) + " %", format_ms(query.real(5)),
                          with_message(query.text(13), query.text(14)), query.text(16)});
    additional |= !query.text(16).empty();
  }
  if (!additional) table.header.pop_back();
  std::cout << table.str() << table.rows.size()
            << (table.rows.size() == 1 ? " trial\n" : " trials\n");
}

/// Throws for a trial that is damaged: a condition may be true of nothing but its damage.
void require_sound_trials(Database& database) {
  Statement query(database, std::string("SELECT ") + kTrialColumns + " FROM trials");
  while (query.row()) read_trial(query, database.path().string());
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
  require_sound_trials(database);
  const std::string condition = options.where.empty() ? "1" : options.where;
  std::unique_ptr<Statement> query;
  try {
    query = std::make_unique<Statement>(
        database,
        "SELECT " + selected_fields() + " FROM trials WHERE (" + condition + "\n) ORDER BY id");
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kIo) throw;
    const std::string what = error.what();
    const size_t cause = what.find("cannot read: ");
    throw Error(ErrorKind::kUsage,
                "--where '" + options.where +
                    "': " + (cause == std::string::npos ? what : what.substr(cause + 13)) +
                    "; valid: a condition of SQL over " + kTrialFields);
  }
  if (options.csv) {
    print_query_csv(*query);
  } else if (options.json) {
    print_query_json(*query);
  } else {
    print_query_table(*query);
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
  const int removed = run.store().remove_checkpoints(run.store().fact("finished_at") ? 0 : 1);
  const uintmax_t after = bytes_below(run.store_file());
  std::cout << options.run << ": freed " << format_bytes(static_cast<double>(folders))
            << " of trial files and "
            << format_bytes(static_cast<double>(before > after ? before - after : 0)) << " of "
            << removed << " old checkpoints\n";
}

}  // namespace ridgeline
