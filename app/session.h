#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "accuracy/evaluator.h"
#include "experiments/run_directory.h"
#include "experiments/scaling_run.h"
#include "latency/oracle.h"

namespace ridgeline {

class RankGroup;

/// The objects that a configuration describes, made once and checked against each other.
struct Session {
  ExperimentConfig config;
  std::vector<std::unique_ptr<LatencyOracle>> oracles;  ///< of `config.targets()`
  /// The same for the finalists, which are priced anew; null: a formula, `oracles` has it.
  std::vector<std::unique_ptr<LatencyOracle>> finalist_oracles;
  std::unique_ptr<AccuracyEvaluator> evaluator;
  CandidateBuilder candidates;
  std::unique_ptr<Executor> executor;
  std::unique_ptr<TrialRunner> runner;

  std::vector<TargetOracle> target_oracles() const;
  std::vector<TargetOracle> target_oracles_of_finalists() const;
};

/// The evaluator; a user's own training program gets the candidate as model.py.
std::unique_ptr<AccuracyEvaluator> evaluator_of(const AccuracyConfig& config,
                                                RankGroup* ranks = nullptr);

/// The oracle of a configuration, with the exporters that a command may ask for.
std::unique_ptr<LatencyOracle> oracle_of(const LatencyConfig& config);

/// Where trials run, as `config.runtime` says; their files go to `folder`. `evaluator` is borrowed.
std::unique_ptr<Executor> executor_of(const ExperimentConfig& config, AccuracyEvaluator& evaluator,
                                      const std::filesystem::path& folder);

/// Throws `kConfig`, with key and remedy, where trials are to run on this machine and it lacks
/// their device, or the device the units for their precision.
void require_trial_device(const ExperimentConfig& config);

/// Whether latency is measured on a device that this machine has not: then it can be validated, not
/// searched for. Throws `kConfig` for what is no name of a device.
bool measures_elsewhere(const LatencyConfig& config);

/// Reads the data, the hardware and the space at once, so that what is wrong stops a run before
/// anything is spent. Of GPUs only those on which this process itself measures latency must be
/// here. What is measured is recorded in the run's store, at the speed recorded there.
Session make_session(const ExperimentConfig& config, RunDirectory& run);

/// What the networks get from the data: classes, channels, input size and where it comes from,
/// normalisation. One line each.
std::vector<std::string> data_lines(const CandidateBuilder& candidates,
                                    const AccuracyEvaluator& evaluator);

}  // namespace ridgeline
