#pragma once

#include <map>
#include <string>
#include <vector>

#include "controller/controller.h"
#include "experiments/checkpoint.h"
#include "experiments/config.h"
#include "experiments/scoring.h"
#include "experiments/stop_rules.h"
#include "experiments/store/journal.h"
#include "experiments/store/store.h"
#include "experiments/trial_runner.h"
#include "latency/oracle.h"

namespace ridgeline {

/// What prices networks on a further accelerator; borrowed.
struct FurtherOracle {
  std::string accelerator;
  const LatencyOracle& oracle;
};

/// What a search works with; all borrowed, all outliving it.
struct SearchParts {
  const SearchSpace& space;
  const LatencyOracle& oracle;
  Controller& controller;
  TrialRunner& runner;
  TrialStore& store;
  /// What the data asks of every architecture; 0: as the space says.
  int classes = 0;
  int input_channels = 0;
  /// Of the configuration's `accelerators`, in their order.
  std::vector<FurtherOracle> further = {};
};

/// The search loop: sample, price, train, reward, commit in proposal order, learn. Trials found in
/// the store are replayed instead of run, so that a run that was killed anywhere ends as an
/// undisturbed one.
class Search {
 public:
  /// Takes hold of the store until it has run, or is gone.
  Search(const ExperimentConfig& config, SearchParts parts, TrialObserver observer = {});

  /// Runs to the configured number of trials, or until a stop rule holds (`search.stop_...`; the
  /// log says which and why). They are in the store. Throws `kInterrupted` when
  /// the user stopped it, `kInfeasible` when too many trainings failed in a row, `kRun` when the
  /// store does not match the configuration.
  void run();

 private:
  int resume_from_checkpoint();
  std::vector<Trial> propose(int batch, uint64_t first_id, int count);
  /// The batch's genotypes, by `search.duplicates`.
  std::vector<Genotype> draw(int batch, int count) const;
  void run_batch(std::vector<Trial>& proposals);
  void submit_fresh(const std::vector<Trial>& proposals);
  bool settle(Trial& trial) const;
  void commit(Trial& trial);
  void keep(const Trial& trial);
  void learn(const std::vector<Trial>& batch);
  void record_update(const std::vector<Trial>& batch, const UpdateStats& stats);

  const ExperimentConfig& config_;
  SearchParts parts_;
  Scoring scoring_;
  std::vector<Genotype> warm_;   // the first proposals
  Network network_;              // the last one priced; its memory serves the next
  std::vector<Trial> recorded_;  // of the store, at the start; given away as they are replayed
  std::vector<Trial> done_;      // committed, by id; without genotypes and architectures
  History history_;              // of done_
  StopRules stop_rules_;
  Journal journal_;
  std::map<Genotype, uint64_t> first_with_;  // id of the first proposal of a genotype
  std::map<uint64_t, Evaluation> arrived_;   // evaluated, not yet committed
  int recorded_batches_ = 0;
  int failures_in_a_row_ = 0;
};

}  // namespace ridgeline
