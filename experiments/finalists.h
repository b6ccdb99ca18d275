#pragma once

#include <optional>
#include <string>
#include <vector>

#include "experiments/candidate.h"
#include "experiments/config.h"
#include "experiments/store/journal.h"
#include "experiments/store/store.h"
#include "experiments/trial_runner.h"

namespace ridgeline {

// `final_training.finalists`: the best networks of a search are trained for the epochs of the final
// training and their latency is had anew, so that the winner is chosen by figures of its own. They
// learn from training images and are scored on validation images: the test images see the winner
// alone, in its final training.

/// The best complete trials of the search with different networks, at most `count`, by `better`.
std::vector<Trial> finalists_of(const TrialStore& store, int count, bool architectures = true);

struct FinalistParts {
  std::vector<TargetOracle> oracles;  ///< of latency anew, in the order of the targets
  TrialRunner& runner;
  TrialStore& store;
};

/// Prices, trains and records the finalists (`Phase::kFinalists`; the i-th has the id
/// `kFirstFinalistId` + i and the genotype of its trial of the search). Those that are recorded are
/// not trained again. Throws `kInterrupted` when the user stopped it, `kInfeasible` when none is
/// complete.
void train_finalists(const ExperimentConfig& config, const FinalistParts& parts,
                     const TrialObserver& observer = {});

/// The network that a run is about.
struct Winner {
  Trial trial;                    ///< of the search
  std::optional<Trial> finalist;  ///< its training as a finalist, once all of them are done

  /// On the accelerators, as last had.
  const std::vector<AcceleratorLatency>& latencies() const {
    return finalist ? finalist->latencies : trial.latencies;
  }
};
/// The best finalist where the finalists are done, else the best trial; nothing where no trial is
/// complete.
std::optional<Winner> winner_of(const TrialStore& store);

/// A finalist beside its trial of the search.
struct FinalistPair {
  Trial predicted, measured;
};
/// In the order of ids.
std::vector<FinalistPair> finalist_pairs(const TrialStore& store);

/// Throws `kConfig` for more finalists than the search has trials. `where`: of the key.
void check_finalists(const ExperimentConfig& config, const std::string& where);

}  // namespace ridgeline
