#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "experiments/search.h"
#include "scaling/lacs.h"

namespace ridgeline {

/// What LACS needs of a run.
struct ScalingParts {
  std::vector<TargetOracle> oracles;  ///< in the order of `ExperimentConfig::targets`
  TrialRunner& runner;
  TrialStore& store;
};

/// For whom a network is scaled.
struct ScalingTarget {
  size_t index = 0;    ///< of the oracle whose latency is the target
  bool alone = false;  ///< the reward knows no other accelerator
};

/// Evaluates candidates as trials of the run. A candidate's id is its place in the order of all
/// candidates, so that a resumed run trains each with the same random streams. A network that the
/// store holds is not trained again.
class ScalingTrials {
 public:
  /// `scaled`: the run's configuration with the targets of the scaled networks, of which
  /// `parts.oracles` has all.
  ScalingTrials(ExperimentConfig scaled, const ScalingParts& parts, const ScalingTarget& target,
                const TrialObserver& observer);

  void evaluate(std::vector<LacsCandidate>& candidates);
  /// Further trainings of one network; the failed ones are left out.
  std::vector<double> repeat(const LacsCandidate& candidate, int times);
  /// Of a candidate whose accuracy is known; nothing is trained or recorded.
  void fill_reward(LacsCandidate& candidate) const;

 private:
  /// The `occurrence`-th training of the network, from 0.
  Trial start(const LacsCandidate& scaled, int occurrence = 0);
  void finish(Trial& trial);
  /// On every accelerator. A network that does not fit one of them is not trained, unless that one
  /// does not matter here.
  void price(Trial& trial, double known_ms, const CandidateNetwork& candidate) const;
  double reward(const Trial& trial) const;
  /// With the latencies that the reward knows.
  Trial seen_by_reward(Trial trial) const;
  Evaluation wait_for(uint64_t id);

  ExperimentConfig config_;
  Scoring scoring_;
  ScalingParts parts_;
  ScalingTarget target_;
  const TrialObserver& observer_;
  std::vector<Trial> recorded_;  ///< when this began, and since
  std::set<uint64_t> unrecorded_;
  std::map<uint64_t, Evaluation> arrived_;
  uint64_t next_id_;
};

}  // namespace ridgeline
