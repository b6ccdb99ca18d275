#pragma once

#include <filesystem>
#include <functional>

#include "accuracy/supernet/supernet_evaluator.h"
#include "accuracy/training/trainer.h"
#include "experiments/search.h"

namespace ridgeline {

/// What the training of the shared weights of a run works with; all borrowed.
struct SupernetParts {
  const CandidateBuilder& candidates;
  std::vector<TargetOracle> oracles;
  const SupernetEvaluator& evaluator;  ///< its data is learned from
  TrialStore& store;
};

/// Trains the shared weights of a run into `file`, once: a fact of the store has the checksum of
/// the finished file. A file that is lost or damaged is trained again and must come out the same,
/// else throws `kRun`. A stopped or killed training goes on from its checkpoint beside the file.
/// Throws `kInterrupted`.
void train_shared_weights(const ExperimentConfig& config, const SupernetParts& parts,
                          const std::filesystem::path& file,
                          const std::function<void(const StepReport&)>& after_step);

}  // namespace ridgeline
