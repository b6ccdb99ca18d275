#pragma once

#include "accuracy/data/augment.h"
#include "accuracy/evaluator.h"
#include "runtime/network_module.h"
#include "runtime/rank_group.h"

namespace ridgeline {

/// Fraction of the images that `module` classifies rightly (`kComplete`), or `kDiverged` when an
/// output is not finite. With `ranks`, which must hold the same weights, each works on a part of
/// the images, and all return the same. Throws `RankLost`.
Evaluation score(NetworkModule& module, const BatchMaker& images, const TrainingConfig& config,
                 RankGroup* ranks = nullptr);

}  // namespace ridgeline
