#pragma once

#include <deque>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "experiments/search.h"

namespace ridgeline {

/// How old the samples were that an asynchronous search learned from, without those before the
/// checkpoint that it went on from.
struct Staleness {
  double mean = 0;  ///< updates between a sample's proposal and its being learned
  int largest = 0;
  double clipped_share = 0;  ///< samples whose weight reached `search.importance_clip`
  int updates = 0;
};

/// The search loop without a fixed order (`search.mode: asynchronous`): `runtime.workers` trials
/// are kept running, each proposed by the policy of that moment and committed as it arrives, and
/// the controller learns whenever `search.batch` have arrived. A sample is weighted by
/// min(p_now / p_then, `search.importance_clip`), p_then being recorded with its proposal.
///
/// What arrives when depends on the machine, so two runs differ; but the store fixes what happened:
/// a resumed run repeats the recorded updates to the bit, or takes the newest checkpoint of their
/// result, stops where the killed one had to stop, runs the proposals that were in flight again as
/// they were, and goes on.
class AsyncSearch {
 public:
  /// Takes hold of the store until it has run, or is gone.
  AsyncSearch(const ExperimentConfig& config, SearchParts parts, TrialObserver observer = {});

  /// Runs to the configured number of trials, or until a stop rule holds: then what is running is
  /// still awaited. They are in the store. Throws as `Search::run` does.
  void run();
  Staleness staleness() const;

 private:
  struct Origin {
    int updates = 0;             // of the policy that made it
    double log_probability = 0;  // under that policy
  };
  void replay();
  std::vector<Proposal> read_proposals(std::span<const Trial> recorded);
  bool all_proposed();
  void fill_workers();
  Genotype propose(uint64_t id);
  std::pair<Genotype, double> next_sample(uint64_t id);
  void sample_block(uint64_t first_id);
  void start(uint64_t id, const Genotype& genotype);
  void submit_started();
  void take(const TrialResult& result);
  void finish(Trial trial);
  void take_in(Trial trial, bool learned);
  void stop_where_hopeless(const Trial& trial);
  void settle_repeats(uint64_t twin);
  void learn();
  void record_update(const BatchRecord& record);

  const ExperimentConfig& config_;
  SearchParts parts_;
  Scoring scoring_;
  std::vector<Genotype> warm_;      // the first proposals
  Network network_;                 // the last one priced
  std::vector<Origin> proposals_;   // by id
  std::map<uint64_t, Trial> done_;  // committed; without architectures
  StopRules stop_rules_;
  Journal journal_;
  History history_;                                  // of done_, in the order of commits
  std::vector<TrialSpec> to_submit_;                 // proposed, not yet given to the runner
  std::map<uint64_t, Trial> running_;                // submitted
  std::map<uint64_t, std::vector<Trial>> repeats_;   // by the running twin that they wait for
  size_t waiting_ = 0;                               // in repeats_
  std::map<Genotype, uint64_t> first_with_;          // id of the first proposal of a genotype
  std::deque<std::pair<Genotype, double>> sampled_;  // with log-probabilities; to propose
  std::vector<uint64_t> batch_;                      // committed, not yet learned
  int updates_ = 0;
  int recorded_updates_ = 0;  // of the store, at the start
  int failures_in_a_row_ = 0;
  double learned_ = 0, staleness_sum_ = 0, clipped_ = 0;
  int largest_staleness_ = 0;
};

}  // namespace ridgeline
