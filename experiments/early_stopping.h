#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "accuracy/evaluator.h"
#include "experiments/early_stopping_config.h"

namespace ridgeline {

struct ExperimentConfig;

/// The rules of `search.early_stopping`. A trial is trained to one rung after the other, the last
/// one being its full training; at each rung before that a rule says whether it goes on. A decision
/// depends on the figures alone that are given here, never on time.
///
/// asha: asynchronous successive halving (Li et al. 2020) in the form that decides at once: of n
/// trials at a rung the best max(1, n / reduction) go on.
/// median: the median stopping rule (Golovin et al. 2017): a trial is stopped whose best value so
/// far is below the median of the complete trials' running means at that epoch.
class EarlyStopping {
 public:
  /// `epochs`: of a full training.
  EarlyStopping(const EarlyStoppingConfig& config, int epochs);

  bool on() const { return !epochs_.empty(); }
  /// Rungs before the full training.
  int rungs() const { return static_cast<int>(epochs_.size()); }
  /// The epoch of a rung; 0 for the full training, which comes after the last.
  int epoch_of(int rung) const { return rung < rungs() ? epochs_[static_cast<size_t>(rung)] : 0; }
  /// The rung at an epoch; -1: none.
  int rung_at(int epoch) const;

  /// A trial has come to a rung; `values`: what its curve was worth up to there, the last one at
  /// the rung. More is better. REQUIRES: not empty.
  void reached(int rung, uint64_t trial, const std::vector<double>& values);
  /// The trial was trained to the end; it counts in the medians from now on.
  void completed(uint64_t trial) { complete_.insert(trial); }
  /// Why a trial that has come to the rung is stopped there, in words; empty: it goes on.
  std::string stops(int rung, uint64_t trial) const;

 private:
  struct Value {
    double last = 0, best = 0, mean = 0;
  };
  std::string below_best(int rung, uint64_t trial) const;
  std::string below_median(int rung, uint64_t trial) const;

  EarlyStoppingConfig config_;
  int full_;                                       // epochs
  std::vector<int> epochs_;                        // of the rungs
  std::vector<std::map<uint64_t, Value>> values_;  // by rung
  std::set<uint64_t> complete_;
};

/// The last epoch of a learning curve; 0 for none.
int last_epoch(const Evaluation& evaluation);
/// The held-out accuracies of a curve in the order of its epochs; the last one is the evaluation's.
std::vector<double> accuracies_of(const Evaluation& evaluation);

/// Throws `kConfig` where the rules cannot work: an evaluator without a curve, a first rung at or
/// after the last epoch, no checkpoints. `where`: of `search.early_stopping`.
void check_early_stopping(const ExperimentConfig& config, const std::string& where);

}  // namespace ridgeline
