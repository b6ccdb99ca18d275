#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "controller/controller.h"
#include "experiments/candidate.h"
#include "experiments/checkpoint.h"
#include "experiments/config.h"
#include "experiments/early_stopping.h"
#include "experiments/feedback.h"
#include "experiments/scoring.h"
#include "experiments/stop_rules.h"
#include "experiments/store/journal.h"
#include "experiments/store/store.h"
#include "experiments/trial_runner.h"

namespace ridgeline {

/// What a search works with; what is borrowed outlives it.
struct SearchParts {
  CandidateBuilder candidates;
  std::vector<TargetOracle> oracles;  ///< in the order of `ExperimentConfig::targets`
  Controller& controller;
  TrialRunner& runner;
  TrialStore& store;
};

/// What both search loops share: pricing, repeated networks, commits, updates of the controller,
/// its checkpoints, and when to give up. The loops differ in when they wait.
class SearchLoop {
 public:
  virtual ~SearchLoop() = default;
  SearchLoop(const SearchLoop&) = delete;
  SearchLoop& operator=(const SearchLoop&) = delete;

  /// Runs to the configured number of trials, or until a stop rule holds (`search.stop_...`; the
  /// log says which and why); then what is running is still waited for. The trials are in the
  /// store. Throws `kInterrupted` when the user stopped it, `kInfeasible` when too many trainings
  /// failed in a row, `kRun` when the store does not match the configuration.
  virtual void run() = 0;

 protected:
  /// Takes hold of the store until the loop has run, or is gone.
  SearchLoop(const ExperimentConfig& config, SearchParts parts, TrialObserver observer);

  /// Restores the newest checkpoint of the trials in `recorded` (in the order of commits); how many
  /// of them the controller has learned with it.
  size_t restore(std::span<const Trial> recorded);

  bool known(const Genotype& genotype) const { return first_with_.contains(genotype); }
  /// Records that trial `id` proposes `genotype`; the first trial that did, perhaps `id` itself.
  uint64_t first_with(const Genotype& genotype, uint64_t id);
  /// Whether a repeated network is trained again (`search.duplicates: measure_again`).
  bool measures_again() const;

  /// What is to be trained of it next: all, or with `search.early_stopping` to the next rung.
  TrialSpec spec_of(const Trial& trial) const;
  /// Tells the rules how far the recorded trials came.
  void restore_rungs(std::span<const Trial> recorded);
  /// A trial has come to its rung.
  void reach(const Trial& trial, const Evaluation& evaluation);
  /// Whether it goes on from there: `spec_of` is its next part then. Otherwise `evaluation` says
  /// why not, and is the trial's. REQUIRES: `reach`
  bool goes_on(const Trial& trial, Evaluation& evaluation);
  /// The evaluation with the time of the training's earlier parts.
  Evaluation whole(uint64_t id, Evaluation evaluation) const;
  /// The next finished trial. Throws `kInterrupted` when none will come.
  TrialResult wait();
  /// "after 3 of 64 trials"
  std::string progress() const;

  enum class Commit { kNew, kRecorded, kLearned };  ///< in the store already; and in the checkpoint
  /// Commits a finished trial, and adds it to the open batch unless it is learned already.
  void commit(Trial trial, Commit how);
  /// Throws where the failure policy, or too many failures in a row, ends the run with `trial`, the
  /// last one committed.
  void stop_if_hopeless(const Trial& trial);

  /// Sets the importance weights of a batch, whose trials have these ids.
  using Weigh = std::function<void(Feedback& feedback, std::span<const uint64_t> ids)>;
  /// One update of the controller on the open batch in the order of ids, so that the order of
  /// arrival does not reach the last bit.
  void learn(const Weigh& weigh = {});

  const ExperimentConfig& config_;
  SearchParts parts_;
  Scoring scoring_;
  std::vector<Genotype> warm_;  // the first proposals
  StopRules stop_rules_;
  EarlyStopping stopping_;
  Journal journal_;
  std::map<uint64_t, Trial> done_;  // committed; without architectures, genotypes until learned
  std::vector<uint64_t> batch_;     // committed, not learned yet
  int updates_ = 0;                 // of the controller

 private:
  struct Part {
    int rung = 0;        // to which it is trained
    double seconds = 0;  // of its earlier parts
  };
  void record_update(const BatchRecord& record);
  void learned(const Trial& trial);
  void reach(int rung, const Trial& trial, const Evaluation& evaluation);

  std::map<Genotype, uint64_t> first_with_;
  std::map<uint64_t, Part> parts_of_;  // of trials that were stopped at a rung and not committed
  History history_;                    // of done_, in the order of commits
  int recorded_updates_ = 0;           // of the store, at the start
  int failures_in_a_row_ = 0;
};

}  // namespace ridgeline
