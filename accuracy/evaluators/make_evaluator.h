#pragma once

#include <memory>

#include "accuracy/command/command_evaluator.h"
#include "accuracy/evaluator.h"

namespace ridgeline {

class RankGroup;

/// Loads or generates the data at once, so that bad data stops a run before anything is spent.
/// For `training.processes` above 1, evaluating needs `ranks` (borrowed), of that size; only rank
/// 0's evaluation is the trial's.
/// `write` gives the user's own training program its files (kind command).
std::unique_ptr<AccuracyEvaluator> make_evaluator(const AccuracyConfig& config,
                                                  RankGroup* ranks = nullptr,
                                                  CandidateWriter write = {});

}  // namespace ridgeline
