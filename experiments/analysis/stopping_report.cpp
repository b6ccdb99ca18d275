#include "experiments/analysis/stopping_report.h"

#include <map>

#include "core/rank_correlation.h"
#include "experiments/early_stopping.h"
#include "experiments/scoring.h"

namespace ridgeline {

StoppingReport stopping_report(const ExperimentConfig& config, const TrialStore& store) {
  const int full = config.accuracy.training.epochs;
  const EarlyStopping rules(config.search.early_stopping, full);
  const Scoring scoring(config);
  StoppingReport report;
  std::map<uint64_t, Trial> complete;
  for (Trial& trial : store.trials(Phase::kSearch, /*architectures=*/false)) {
    if (trial.reused_from >= 0 || !has_accuracy(trial.status)) continue;
    const bool stopped = trial.status == TrialStatus::kStopped;
    ++(stopped ? report.stopped : report.complete);
    report.epochs += stopped ? trial.stopped_at_epoch : full;
    report.full_epochs += full;
    if (!stopped) complete.emplace(trial.id, std::move(trial));
  }
  // By rung, then by trial: an attempt that was made twice counts once.
  std::vector<std::map<uint64_t, double>> rewards(static_cast<size_t>(rules.rungs()));
  for (const auto& [result, network, finished_at] : store.recorded_attempts()) {
    const auto trial = complete.find(result.id);
    const int rung = rules.rung_at(last_epoch(result.evaluation));
    if (trial == complete.end() || rung < 0 || result.evaluation.status != TrialStatus::kStopped) {
      continue;
    }
    Trial at_rung = trial->second;
    at_rung.accuracy = result.evaluation.accuracy;
    rewards[static_cast<size_t>(rung)][result.id] = scoring.reward(at_rung);
  }
  for (int rung = 0; rung < rules.rungs(); ++rung) {
    std::vector<double> early, late;
    for (const auto& [id, reward] : rewards[static_cast<size_t>(rung)]) {
      early.push_back(reward);
      late.push_back(complete.at(id).reward);
    }
    report.rungs.push_back({rules.epoch_of(rung), early.size(), std::nullopt});
    if (early.size() >= 2) report.rungs.back().kendall = kendall(early, late);
  }
  return report;
}

}  // namespace ridgeline
