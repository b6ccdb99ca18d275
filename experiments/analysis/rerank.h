#pragma once

#include <optional>
#include <string>
#include <vector>

#include "experiments/config.h"
#include "experiments/store/trial.h"

namespace ridgeline {

/// A trained network under another reward.
struct RankedTrial {
  Trial trial;
  double reward = 0;          ///< under the new one; `trial.reward` is what the run's said
  size_t rank_before = 0;     ///< by the run's reward, from 1
  std::string excluded = {};  ///< why the new reward's limits rule it out; empty: they do not
};

/// The trials of a search, ranked anew.
struct Reranking {
  std::vector<RankedTrial> ranked;  ///< best first; the excluded ones last, by id
  size_t excluded = 0;              ///< the last so many of `ranked`
  size_t untrained = 0;             ///< ruled out by the run before training: accuracy unknown
  size_t stopped = 0;               ///< stopped early: their final accuracy is unknown
  size_t failed = 0;                ///< trainings that gave no accuracy
};

/// Ranks the trained networks of a search by `config`'s reward: reward, then latency, then id. A
/// repeat of an earlier network is left out. Nothing is trained or priced. Throws `kInfeasible`
/// when no trial is complete.
Reranking rerank_trials(const std::vector<Trial>& trials, const ExperimentConfig& config);

/// The run's configuration with `settings` ("reward.target_ms=12") on top. Another `reward.kind`
/// takes its own defaults for alpha and beta where the settings do not give them. Throws `kUsage`
/// for a setting outside the reward, `kConfig` for one that the reward refuses.
ExperimentConfig changed_reward(const std::filesystem::path& config_file,
                                const std::vector<std::string>& settings);

}  // namespace ridgeline
