#include "app/report.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "app/comparison_report.h"
#include "app/quantities.h"
#include "core/units.h"
#include "experiments/analysis/front.h"
#include "experiments/finalists.h"
#include "experiments/stop_rules.h"

namespace ridgeline {
namespace {

/// Of the front in the summary; `ridgeline pareto` prints all.
constexpr size_t kFrontRows = 8;

std::string percent(double fraction) { return format_fixed(100 * fraction, 2) + " %"; }

std::string describe_stage(const Stage& stage) {
  if (stage.layers == 0) return "left out";
  std::string text = std::to_string(stage.layers) + " x " + enum_name(stage.op) +
                     std::to_string(stage.expansion) + " k" + std::to_string(stage.kernel) + "x" +
                     std::to_string(stage.kernel) + ", " + std::to_string(stage.filters) +
                     " filters, stride " + std::to_string(stage.stride) + ", " +
                     to_string(stage.activation);
  if (stage.se_ratio > 0) text += ", se " + ConfigWriter::plain_number(stage.se_ratio);
  if (stage.reshape != Reshape::kNone) text += ", " + enum_name(stage.reshape);
  if (!stage.skip) text += ", no skip";
  return text;
}

std::string describe_decisions(const Architecture& a) {
  std::string text;
  for (const auto& [decision, choice] : a.decisions) text += "  " + decision + ": " + choice + "\n";
  return text;
}

std::string describe_architecture(const Architecture& a) {
  if (a.is_plain()) return describe_decisions(a);
  std::string text = "  stem     " + std::to_string(a.stem.filters) + " filters, stride " +
                     std::to_string(a.stem.stride) + ", " + to_string(a.stem.activation) +
                     ", input " + std::to_string(a.resolution) + " px\n";
  for (size_t i = 0; i < a.stages.size(); ++i) {
    text += "  stage " + std::to_string(i + 1) + "  " + describe_stage(a.stages[i]) + "\n";
  }
  return text + "  head     " + std::to_string(a.head.filters) + " filters, " +
         std::to_string(a.classes) + " classes\n";
}

std::string counts(const std::vector<Trial>& trials) {
  std::map<std::string, int> by_status;
  int reused = 0;
  for (const auto& trial : trials) {
    ++by_status[enum_name(trial.status)];
    reused += trial.reused_from >= 0 ? 1 : 0;
  }
  std::vector<std::string> parts;
  for (const auto& [status, count] : by_status)
    parts.push_back(std::to_string(count) + " " + status);
  std::string text = join(parts);
  if (reused > 0)
    text += " (" + std::to_string(reused) +
            " of them repeats of an earlier network, not trained again)";
  return text;
}

/// "attempts: 3 crashed, 40 complete" and the most frequent causes of failures.
std::string attempts_text(const TrialStore& store) {
  constexpr size_t kCauses = 5;
  const auto attempts = store.attempt_counts();
  if (attempts.empty()) return {};
  std::map<std::string, int64_t> by_status;
  std::vector<AttemptCount> failed;
  for (const auto& count : attempts) {
    by_status[enum_name(count.status)] += count.attempts;
    if (!has_accuracy(count.status)) failed.push_back(count);
  }
  std::vector<std::string> parts;
  for (const auto& [status, count] : by_status)
    parts.push_back(std::to_string(count) + " " + status);
  std::string text = "attempts: " + join(parts) + "\n";
  std::stable_sort(failed.begin(), failed.end(),
                   [](const auto& a, const auto& b) { return a.attempts > b.attempts; });
  failed.resize(std::min(failed.size(), kCauses));
  for (const auto& count : failed) {
    text += "  " + std::to_string(count.attempts) + " x " + enum_name(count.status) + ": " +
            count.cause + "\n";
  }
  return text;
}

/// On what the latency of the best network is given, in words.
std::string latency_place(const LatencyConfig& config) {
  const std::string kind = enum_name(config.kind);
  if (reads_table_file(config.kind)) return kind + ", " + config.table_file.value;
  return kind + ", " +
         (config.kind == LatencyKind::kMeasured ? config.measured.device : config.hardware) +
         ", batch " + std::to_string(config.batch);
}

std::string latencies_text(const ExperimentConfig& config, const Trial& trial) {
  std::string text;
  const auto targets = config.targets();
  for (size_t i = 0; i < trial.latencies.size(); ++i) {
    const auto& [name, target_ms, latency] = targets.at(i);
    if (i == 0 && latency.kind == LatencyKind::kNone) continue;
    text += "  latency  " + format_ms(trial.latencies[i].ms) + on_accelerator(name) + " (" +
            latency_place(latency) + "), target " + format_ms(target_ms) + "\n";
  }
  return text;
}

std::string best_text(RunDirectory& run, const Winner& winner) {
  const auto& config = run.config();
  Trial best = winner.trial;
  best.latencies = winner.latencies();
  std::string text = "best network: trial " + std::to_string(best.id) + ", genotype " +
                     to_text(best.genotype) + "\n" + describe_architecture(best.architecture);
  if (!best.architecture.is_plain()) {
    text += "  " + format_count(static_cast<double>(best.params)) + " parameters, " +
            format_count(static_cast<double>(best.madds)) + " multiply-adds\n";
  }
  const bool zero_cost = config.accuracy.kind == AccuracyKind::kZeroCost;
  text += latencies_text(config, best) +
          (zero_cost ? "  zero-cost score (no accuracy) " + format_fixed(best.accuracy, 4)
                     : "  accuracy " + percent(best.accuracy) + " in the trial") +
          ", reward " + format_fixed(best.reward, 4) + "\n";
  if (winner.finalist) {
    text += "  accuracy " + percent(winner.finalist->accuracy) + " as a finalist, reward " +
            format_fixed(winner.finalist->reward, 4) + "\n";
  }
  const auto finals = run.store().trials(Phase::kFinal, /*architectures=*/false);
  if (!finals.empty())
    text += "  accuracy " + percent(finals[0].accuracy) + " after the final training\n";
  return text;
}

/// What a trial tried and why it failed.
std::string trial_text(const Trial& trial) {
  std::vector<std::string> parts;
  if (!trial.genotype.empty()) parts.push_back(to_text(trial.genotype));
  if (trial.coefficients) parts.push_back(coefficients_text(*trial.coefficients));
  if (!trial.cause.empty()) parts.push_back(trial.cause);
  return join(parts, " ");
}

}  // namespace

std::string coefficients_text(const CompoundCoefficients& c) {
  return "alpha " + ConfigWriter::plain_number(c.alpha) + ", beta " +
         ConfigWriter::plain_number(c.beta) + ", gamma " + ConfigWriter::plain_number(c.gamma);
}

std::string trial_table(const std::vector<Trial>& trials) {
  TextTable table{{"trial", "phase", "status", "reward", "accuracy", "latency", "params", "madds",
                   "time", "genotype"},
                  {}};
  const auto priced = std::find_if(trials.begin(), trials.end(), [](const Trial& t) {
    return !t.additional_latencies().empty();
  });
  if (priced != trials.end()) {
    for (const auto& latency : priced->additional_latencies())
      table.header.push_back(latency.accelerator);
  }
  for (const auto& t : trials) {
    table.rows.push_back({std::to_string(t.id), enum_name(t.phase), enum_name(t.status),
                          format_fixed(t.reward, 4), percent(t.accuracy), format_ms(t.latency_ms()),
                          count_text(t.params), count_text(t.madds), format_duration(t.seconds),
                          trial_text(t)});
    for (const auto& latency : t.additional_latencies())
      table.rows.back().push_back(format_ms(latency.ms));
    table.rows.back().resize(table.header.size());
  }
  return table.str();
}

std::string front_table(const std::vector<Trial>& front, size_t trials, size_t most) {
  TextTable table{{"trial", "accuracy", "latency", "reward", "params", "madds", "genotype"}, {}};
  if (!front.empty()) {
    for (const auto& latency : front[0].additional_latencies())
      table.header.push_back(latency.accelerator);
  }
  const size_t rows = most == 0 ? front.size() : std::min(most, front.size());
  for (size_t row = 0; row < rows; ++row) {
    const Trial& t = front[rows == 1 ? 0 : row * (front.size() - 1) / (rows - 1)];
    table.rows.push_back({std::to_string(t.id), percent(t.accuracy), format_ms(t.latency_ms()),
                          format_fixed(t.reward, 4), count_text(t.params), count_text(t.madds),
                          to_text(t.genotype)});
    for (const auto& latency : t.additional_latencies())
      table.rows.back().push_back(format_ms(latency.ms));
  }
  std::string text = "front of accuracy and latency: " + std::to_string(front.size()) + " of " +
                     std::to_string(trials) + " trials";
  if (rows < front.size()) text += ", " + std::to_string(rows) + " of them here";
  return text + "\n" + table.str();
}

std::string run_summary(RunDirectory& run) {
  const auto trials = run.store().trials(Phase::kSearch, /*architectures=*/false);
  const auto& config = run.config();
  std::string text = "run " + run.path().string() + ": " + std::to_string(trials.size()) + " of " +
                     std::to_string(config.search.trials) + " trials, " + run.state() + "\n";
  if (config.accuracy.kind == AccuracyKind::kZeroCost) text += std::string(kZeroCostNote) + "\n";
  const std::string stop = early_stop(run.store());
  if (!stop.empty()) text += "the search ended early: " + stop + "\n";
  if (!trials.empty()) text += counts(trials) + "\n";
  text += attempts_text(run.store()) + early_stopping_text(run) + "\n";
  if (const auto finalists = finalists_text(run); !finalists.empty()) text += finalists + "\n";
  if (const auto winner = winner_of(run.store())) {
    text += best_text(run, *winner) + "\n";
    text += front_table(front_of(trials), trials.size(), kFrontRows) + "\n";
  }
  if (std::filesystem::exists(run.family_folder() / "family.txt")) {
    text += read_file(run.family_folder() / "family.txt") + "\n";
  }
  return text;
}

std::string export_table(const ExportReport& report) {
  const bool scored = std::any_of(report.files.begin(), report.files.end(),
                                  [](const auto& file) { return file.accuracy.has_value(); });
  TextTable table{{"exported", "size", "largest difference after reloading", "checked by"}, {}};
  if (scored) table.header.push_back("accuracy here");
  for (const auto& file : report.files) {
    table.rows.push_back(
        {file.path.string(), format_bytes(static_cast<double>(file.bytes)),
         file.was_checked ? ConfigWriter::plain_number(file.largest_difference) : "-",
         file.checked_by});
    if (scored) table.rows.back().push_back(file.accuracy ? format_percent(*file.accuracy, 2) : "");
  }
  return table.str() + (report.input.empty() ? "" : report.input + "\n");
}

}  // namespace ridgeline
