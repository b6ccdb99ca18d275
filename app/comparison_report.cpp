#include "app/comparison_report.h"

#include <algorithm>

#include "app/quantities.h"
#include "core/rank_correlation.h"
#include "core/units.h"
#include "experiments/analysis/stopping_report.h"
#include "experiments/finalists.h"

namespace ridgeline {
namespace {

std::string signed_percent(double share) {
  return (share < 0 ? "" : "+") + format_fixed(100 * share, 1) + " %";
}

std::string pair_latency(const Trial& trial) {
  return trial.latencies.empty() ? "-" : format_ms(trial.latency_ms());
}

std::string agreement_text(const std::vector<FinalistPair>& pairs) {
  std::vector<double> predicted, measured;
  for (const auto& [search, finalist] : pairs) {
    if (finalist.status != TrialStatus::kComplete) continue;
    predicted.push_back(search.reward);
    measured.push_back(finalist.reward);
  }
  if (predicted.size() < 2) return {};
  return "ranks of the " + std::to_string(predicted.size()) +
         " rewards, search against full training: Kendall " +
         format_fixed(kendall(predicted, measured), 2) +
         "; these are the search's best alone, so less than among all of its networks is usual\n";
}

}  // namespace

std::string early_stopping_text(RunDirectory& run) {
  const auto& config = run.config();
  if (config.search.early_stopping.kind == EarlyStoppingKind::kNone) return {};
  const StoppingReport report = stopping_report(config, run.store());
  if (report.stopped + report.complete == 0) return {};
  std::string text = "early stopping (" + enum_name(config.search.early_stopping.kind) +
                     "): " + std::to_string(report.stopped) + " of " +
                     std::to_string(report.stopped + report.complete) +
                     " trained trials stopped; " + std::to_string(report.epochs) + " of " +
                     std::to_string(report.full_epochs) + " epochs trained, " +
                     format_percent(report.saved(), 1) + " saved\n";
  for (const RungAgreement& rung : report.rungs) {
    text += "  reward after epoch " + std::to_string(rung.epoch) + " against the final one: ";
    text += rung.kendall ? "Kendall " + format_fixed(*rung.kendall, 2) + " over " : "too few of ";
    text += std::to_string(rung.trials) + " trials that ran to the end\n";
  }
  return text +
         "  (only of trials that the rule let through, so not of all networks: usually less)\n";
}

std::string finalists_text(RunDirectory& run) {
  const auto pairs = finalist_pairs(run.store());
  if (pairs.empty()) return {};
  const auto winner = winner_of(run.store());
  TextTable table{{"finalist", "of trial", "accuracy", "full training", "latency", "anew", "change",
                   "reward", "full training", ""},
                  {}};
  for (const auto& [search, finalist] : pairs) {
    const bool complete = finalist.status == TrialStatus::kComplete;
    const bool both = !search.latencies.empty() && !finalist.latencies.empty();
    const bool wins = winner && winner->finalist && winner->finalist->id == finalist.id;
    table.rows.push_back(
        {std::to_string(finalist.id), std::to_string(search.id), format_percent(search.accuracy, 2),
         complete ? format_percent(finalist.accuracy, 2) : enum_name(finalist.status),
         pair_latency(search), pair_latency(finalist),
         both ? signed_percent(finalist.latency_ms() / search.latency_ms() - 1) : "-",
         format_fixed(search.reward, 4), format_fixed(finalist.reward, 4),
         wins ? "winner" : finalist.cause});
  }
  return "finalists: the search's figures beside those of a full training on training images, "
         "scored on validation images, and of the latency had anew\n" +
         table.str() + agreement_text(pairs);
}

}  // namespace ridgeline
