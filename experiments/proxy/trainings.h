#pragma once

#include <functional>
#include <string>
#include <vector>

#include "accuracy/proxy_config.h"
#include "experiments/candidate.h"
#include "experiments/config.h"
#include "experiments/trial_runner.h"

namespace ridgeline {

/// How networks are trained once: the configuration's recipe with these changes.
struct ProxyRecipe {
  int epochs = 1;
  ReductionConfig reduction = {};
  bool operator==(const ProxyRecipe&) const = default;
};
/// "5 epochs, resolution x 0.75, width x 0.5, 0.25 of the images"
std::string to_text(const ProxyRecipe& recipe);

/// One training of one network.
struct ProxyTraining {
  ProxyRecipe recipe;
  size_t network = 0;  ///< its place in the list of networks
  int seed = 0;        ///< from 0: other weights, other order of images
};

/// Its trial, whose id follows from recipe, network and seed alone: whatever was trained before, a
/// training has the same random streams and the same record.
TrialSpec spec_of(const ProxyTraining& training, const Architecture& architecture,
                  uint64_t experiment_seed);

/// What trainings need.
struct ProxyParts {
  const ExperimentConfig& config;
  const std::vector<CandidateNetwork>& networks;
  /// Trains under `accuracy.proxy` = `reduction`, with the record of earlier trainings.
  std::function<TrialRunner&(const ReductionConfig& reduction)> runner;
  /// Called after each training, also those that were recorded.
  std::function<void(const Evaluation& evaluation)> finished = {};
};

/// By network, then by seed.
using Trainings = std::vector<std::vector<Evaluation>>;

/// Trains every network `seeds` times under `recipe`; what is recorded is not trained again. A
/// failed training has its status. Throws `kInterrupted` where the user stopped it.
Trainings train_all(const ProxyParts& parts, const ProxyRecipe& recipe, int seeds);

/// The validation accuracy after `epoch`, from the learning curve; nothing where it was not taken.
std::optional<double> accuracy_after(const Evaluation& evaluation, int epoch);

}  // namespace ridgeline
