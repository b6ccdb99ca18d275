#include "experiments/analysis/rerank.h"

#include <algorithm>

#include "experiments/scoring.h"

namespace ridgeline {
namespace {

/// What a new reward may change: the failures' reward follows from it.
ExperimentConfig without_reward(ExperimentConfig config) {
  config.reward = {};
  config.search.failure_reward.reset();
  return config;
}

std::vector<Trial> trained(const std::vector<Trial>& trials, Reranking& reranking) {
  std::vector<Trial> result;
  for (const auto& trial : trials) {
    if (trial.reused_from >= 0) continue;
    if (trial.status == TrialStatus::kComplete) {
      result.push_back(trial);
    } else if (trial.status == TrialStatus::kInfeasible) {
      ++reranking.untrained;
    } else if (trial.status == TrialStatus::kStopped) {
      ++reranking.stopped;
    } else {
      ++reranking.failed;
    }
  }
  std::stable_sort(result.begin(), result.end(), better);
  return result;
}

/// Excluded ones last: by id, since no reward orders them.
bool ranks_before(const RankedTrial& a, const RankedTrial& b) {
  if (a.excluded.empty() != b.excluded.empty()) return a.excluded.empty();
  if (!a.excluded.empty()) return a.trial.id < b.trial.id;
  if (a.reward != b.reward) return a.reward > b.reward;
  if (a.trial.latency_ms() != b.trial.latency_ms())
    return a.trial.latency_ms() < b.trial.latency_ms();
  return a.trial.id < b.trial.id;
}

}  // namespace

Reranking rerank_trials(const std::vector<Trial>& trials, const ExperimentConfig& config) {
  Reranking reranking;
  const Scoring scoring(config);
  for (auto& trial : trained(trials, reranking)) {
    RankedTrial ranked;
    ranked.rank_before = reranking.ranked.size() + 1;
    ranked.reward = scoring.reward(trial);
    ranked.excluded = scoring.exclusion(trial).value_or("");
    reranking.excluded += !ranked.excluded.empty();
    ranked.trial = std::move(trial);
    reranking.ranked.push_back(std::move(ranked));
  }
  if (reranking.ranked.empty()) {
    throw Error(ErrorKind::kInfeasible, "no trial is complete, so that there is nothing to rank: " +
                                            std::to_string(reranking.untrained) +
                                            " were ruled out before training, " +
                                            std::to_string(reranking.failed) + " failed");
  }
  std::stable_sort(reranking.ranked.begin(), reranking.ranked.end(), ranks_before);
  return reranking;
}

ExperimentConfig changed_reward(const std::filesystem::path& config_file,
                                const std::vector<std::string>& settings) {
  const ExperimentConfig before = load_experiment(config_file);
  std::vector<std::string> all = {"search.failure_reward=~"};
  const bool other_kind = std::any_of(settings.begin(), settings.end(), [](const auto& setting) {
    return setting.starts_with("reward.kind=");
  });
  if (other_kind) all.insert(all.end(), {"reward.alpha=~", "reward.beta=~"});
  all.insert(all.end(), settings.begin(), settings.end());
  ExperimentConfig changed = load_experiment(config_file, all);
  if (without_reward(changed).result_identity() != without_reward(before).result_identity()) {
    throw Error(ErrorKind::kUsage,
                "--set: rerank changes reward.* only; anything else would change the trials "
                "themselves: start a new run");
  }
  return changed;
}

}  // namespace ridgeline
