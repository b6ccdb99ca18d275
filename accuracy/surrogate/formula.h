#pragma once

#include "accuracy/evaluator.h"

namespace ridgeline {

/// A made-up accuracy in (0, 1): a logistic curve of log multiply-adds, log parameters and depth,
/// plus how well each stage's choices fit its place: 3 x 3 kernels, fused operators and swish
/// early; 5 x 5, MBConv and squeeze-and-excite late; expansion near 4. Smooth, instant, free of
/// noise, and the same for every seed and budget.
double formula_accuracy(const Architecture& architecture);

/// Answers with `formula_accuracy`; saves no weights: a `weights_path` is an error.
class FormulaEvaluator : public AccuracyEvaluator {
 public:
  Evaluation evaluate(const TrialSpec& spec) override;
};

}  // namespace ridgeline
