#pragma once

#include "experiments/search_loop.h"

namespace ridgeline {

/// The synchronous search loop: sample, price, train, reward, commit in the order of proposals,
/// learn. Trials found in the store are replayed instead of run, so that a run that was killed
/// anywhere ends as an undisturbed one.
class Search : public SearchLoop {
 public:
  Search(const ExperimentConfig& config, SearchParts parts, TrialObserver observer = {})
      : SearchLoop(config, std::move(parts), std::move(observer)) {}
  void run() override;

 private:
  std::vector<Trial> propose(uint64_t first_id, int count);
  /// The batch's genotypes, by `search.duplicates`.
  std::vector<Genotype> draw(int count) const;
  void run_batch(std::vector<Trial> proposals);
  void run_rungs(const std::vector<Trial>& proposals);
  void receive();
  static bool is_to_train(const Trial& trial) {
    return trial.reused_from < 0 && trial.status == TrialStatus::kPending;
  }
  void submit_pending(const std::vector<Trial>& proposals);
  bool fill_if_known(Trial& trial);
  bool recorded(const Trial& trial) const { return trial.id < recorded_.size(); }

  std::vector<Trial> recorded_;             // of the store, at the start; moved out when replayed
  std::map<uint64_t, Evaluation> arrived_;  // evaluated, not yet committed
};

}  // namespace ridgeline
