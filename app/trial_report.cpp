#include "app/trial_report.h"

#include <algorithm>
#include <map>

#include "app/report.h"
#include "core/units.h"

namespace ridgeline {
namespace {

std::string trial_figures(const Trial& t) {
  std::string text = "trial " + std::to_string(t.id) + ": " + enum_name(t.status) + ", phase " +
                     enum_name(t.phase);
  if (t.phase == Phase::kSearch) text += ", update " + std::to_string(t.batch);
  text += ", " + t.finished_at + "\n";
  if (!t.genotype.empty()) text += "  genotype " + to_text(t.genotype) + "\n";
  if (t.coefficients) text += "  " + coefficients_text(*t.coefficients) + "\n";
  text += "  reward " + format_fixed(t.reward, 4) + ", accuracy " +
          format_fixed(100 * t.accuracy, 2) + " %" + ", latency " + format_ms(t.latency_ms());
  if (t.params > 0) {
    text += ", " + format_count(static_cast<double>(t.params)) + " parameters, " +
            format_count(static_cast<double>(t.madds)) + " multiply-adds";
  }
  text += "\n";
  for (const auto& latency : t.additional_latencies())
    text += "  latency " + format_ms(latency.ms) + " on " + latency.accelerator + "\n";
  if (!t.cause.empty()) text += "  " + t.cause + "\n";
  if (t.reused_from >= 0) {
    text += "  the network of trial " + std::to_string(t.reused_from) +
            ", not trained again: its attempts and learning curve are there\n";
  }
  return text;
}

/// One row per epoch, one column per name.
std::string curve_table(const std::vector<Metric>& metrics) {
  std::map<std::string, size_t> columns;
  for (const auto& metric : metrics) columns.emplace(metric.name, 0);
  TextTable table{{"epoch"}, {}};
  for (auto& [name, column] : columns) {
    column = table.header.size();
    table.header.push_back(name);
  }
  int epoch = 0;
  for (const auto& metric : metrics) {
    if (table.rows.empty() || metric.epoch != epoch) {
      epoch = metric.epoch;
      table.rows.push_back(std::vector<std::string>(table.header.size(), "-"));
      table.rows.back()[0] = std::to_string(epoch);
    }
    const int digits = metric.name == "images_per_s" ? 1 : 4;
    table.rows.back()[columns.at(metric.name)] = format_fixed(metric.value, digits);
  }
  return table.str();
}

std::string attempt_text(const RecordedAttempt& recorded) {
  const Evaluation& evaluation = recorded.result.evaluation;
  std::string text = "attempt " + std::to_string(recorded.result.attempt);
  if (!recorded.result.host.empty()) text += " on " + recorded.result.host;
  text += ": " + enum_name(evaluation.status) + " after " + format_duration(evaluation.seconds) +
          ", " + recorded.finished_at + "\n";
  const bool complete = has_accuracy(evaluation.status);
  if (!evaluation.message.empty())
    text += (complete ? "  doubt: " : "  cause: ") + evaluation.message + "\n";
  if (!recorded.result.log_tail.empty()) {
    text += "  the end of its log:\n  | ";
    for (const char c : recorded.result.log_tail)
      text += c == '\n' ? std::string("\n  | ") : std::string(1, c);
    text += "\n";
  }
  if (!evaluation.metrics.empty()) text += curve_table(evaluation.metrics);
  return text;
}

std::string proposal_text(RunDirectory& run, uint64_t id) {
  const auto proposals = run.store().proposals();
  const auto found = std::find_if(proposals.begin(), proposals.end(),
                                  [&](const Proposal& proposal) { return proposal.id == id; });
  if (found == proposals.end()) return {};
  return "trial " + std::to_string(id) + ": proposed, not finished\n  genotype " +
         to_text(found->genotype) + "\n";
}

}  // namespace

std::string no_such_trial(RunDirectory& run, uint64_t id) {
  return "--trial " + std::to_string(id) + ": " + run.path().string() +
         " has no such trial; it holds " + std::to_string(run.store().count(Phase::kSearch)) +
         " of the search, and `ridgeline trials " + run.path().string() + "` lists the ids of all";
}

std::string trial_report(RunDirectory& run, uint64_t id) {
  const auto trial = run.store().find(id);
  const auto attempts = run.store().recorded_attempts(id);
  std::string text = trial ? trial_figures(*trial) : proposal_text(run, id);
  if (text.empty() && !attempts.empty())
    text = "trial " + std::to_string(id) + ": started, not finished\n";
  if (text.empty()) throw Error(ErrorKind::kUsage, no_such_trial(run, id));
  for (const auto& attempt : attempts) text += attempt_text(attempt);
  return text;
}

}  // namespace ridgeline
