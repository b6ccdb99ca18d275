#pragma once

#include <memory>

#include "accuracy/evaluator.h"

namespace ridgeline {

class RankGroup;

/// Loads or generates the data at once, so that bad data stops a run before anything is spent.
/// For `training.processes` above 1, evaluating needs `ranks` (borrowed), of that size; only rank
/// 0's evaluation is the trial's.
std::unique_ptr<AccuracyEvaluator> make_evaluator(const AccuracyConfig& config,
                                                  RankGroup* ranks = nullptr);

}  // namespace ridgeline
