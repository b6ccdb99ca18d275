#pragma once

#include <span>
#include <string>
#include <vector>

#include "controller/controller.h"
#include "search_space/decision.h"

namespace ridgeline::test {

/// A decision of `choices` choices; with `when` >= 0, active only where decision `when` chose
/// `choice`.
inline Decision decision(const std::string& name, int choices, int when = -1, int choice = 0) {
  Decision made{.name = name, .labels = {}};
  for (int k = 0; k < choices; ++k) made.labels.push_back(std::to_string(k));
  if (when >= 0) made.active_when = {{{{when, {choice}}}}};
  return made;
}

/// REINFORCE as NASNet has it: differences from a moving baseline, nothing replayed, nothing drawn
/// again.
inline ControllerConfig classic(ControllerConfig config) {
  config.gradient.advantage = AdvantageKind::kDifference;
  config.gradient.replay_best = 0;
  config.gradient.local_share = 0;
  config.redraws = 0;
  return config;
}

/// One update; no weights are weights of 1.
inline UpdateStats observe(Controller& controller, const std::vector<Genotype>& genotypes,
                           const std::vector<double>& rewards,
                           const std::vector<double>& weights = {},
                           const std::vector<Objectives>& objectives = {}) {
  std::vector<Observation> batch;
  for (size_t i = 0; i < genotypes.size(); ++i) {
    Observation observation{genotypes[i], rewards[i]};
    if (!weights.empty()) observation.weight = weights[i];
    if (!objectives.empty()) observation.objectives = objectives[i];
    batch.push_back(std::move(observation));
  }
  return controller.update(batch);
}

/// 2 x 3 x 2 x 4 = 48 points.
inline std::vector<Decision> plain_space() {
  return {decision("kernel", 2), decision("expansion", 3), decision("skip", 2),
          decision("filters", 4)};
}

/// `block` only matters where reshape = 1, so there are 2 + 5 x 2 = 12 points. `block` is the only
/// decision of five choices.
inline std::vector<Decision> conditional_space() {
  return {decision("reshape", 2), decision("block", 5, 0, 1), decision("skip", 2)};
}

}  // namespace ridgeline::test
