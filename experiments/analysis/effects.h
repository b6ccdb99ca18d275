#pragma once

#include <map>
#include <string>
#include <vector>

#include "experiments/store/trial.h"
#include "search_space/decision.h"

namespace ridgeline {

/// A mean of some trials and its standard error; the error of one trial alone is not known: NaN.
struct Estimate {
  double mean = 0;
  double standard_error = 0;
};

/// What the trials that made one choice came to, on average over whatever else they chose.
struct ChoiceEffect {
  int trials = 0;  ///< 0: none made it, and the figures mean nothing
  int rank = 0;    ///< by mean reward among the choices that were made, from 1; 0: not made
  Estimate reward, accuracy, latency_ms;
};

/// The marginal effect of one decision: over the trials in which it is active.
struct DecisionEffect {
  int trials = 0;
  /// Share of the variance of the reward that the choice accounts for, adjusted for what choices
  /// without any effect would show (epsilon squared, Kelley 1935); 0 where it would be negative or
  /// the trials do not tell.
  double explained = 0;
  std::vector<ChoiceEffect> choices;
};

/// Of the complete trials that measured something, repeats of a network left out. Later trials were
/// not drawn at random: what a policy comes to choose together, these figures cannot tell apart.
std::vector<DecisionEffect> decision_effects(const std::vector<Decision>& decisions,
                                             const std::vector<Trial>& trials);

/// Trials that did not complete, by status and cause.
struct FailureGroup {
  TrialStatus status = TrialStatus::kCrashed;
  std::string cause;  ///< with # for each number
  int trials = 0;
};

/// Most frequent first; equally frequent ones by status and cause.
std::vector<FailureGroup> failure_groups(const std::vector<Trial>& trials);

}  // namespace ridgeline
