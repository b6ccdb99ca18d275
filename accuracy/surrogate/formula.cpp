#include "accuracy/surrogate/formula.h"

#include <cmath>
#include <string>

#include "core/error.h"
#include "network/cost.h"

namespace ridgeline {
namespace {

/// Between 0 and 1: how near `value` is to `best`, one half at a distance of `width`.
double closeness(double value, double best, double width) {
  const double z = (value - best) / width;
  return std::exp2(-z * z);
}

/// Mean over a stage's choices of how well each fits a place between 0 (first stage) and 1 (last).
double stage_fit(const Stage& stage, double place) {
  const double kernel = closeness(stage.kernel, 3.0 + 2.0 * place, 2.0);
  const double expansion = closeness(stage.expansion, 4.0, 3.0);
  const double se = closeness(stage.se_ratio, 0.25 * place, 0.25);
  const double op = stage.op == BlockOperator::kFusedMbConv ? 1.0 - place : place;
  const double swish = stage.activation == ActivationKind::kSwish ? 1.0 : place;
  const double skip = stage.skip ? 1.0 : 0.5;
  return (kernel + expansion + se + op + swish + skip) / 6.0;
}

}  // namespace

double formula_accuracy(const Architecture& architecture) {
  const OperatorCost total = cost(lower(architecture)).total;
  int layers = 0;
  double fit = 0;
  const auto stages = static_cast<double>(architecture.stages.size());
  for (size_t i = 0; i < architecture.stages.size(); ++i) {
    const double place = stages > 1 ? static_cast<double>(i) / (stages - 1) : 0.5;
    layers += architecture.stages[i].layers;
    if (architecture.stages[i].layers > 0) fit += stage_fit(architecture.stages[i], place) / stages;
  }
  // Ten times the multiply-adds, ten times the parameters or four times the depth each add about
  // half a unit.
  const double score = 0.5 * std::log10(static_cast<double>(total.madds) / 1e7) +
                       0.5 * std::log10(static_cast<double>(total.params) / 1e5) +
                       0.25 * std::log2(1.0 + layers / 8.0) + 2.0 * fit - 0.5;
  return 1.0 / (1.0 + std::exp(-score));
}

Evaluation FormulaEvaluator::evaluate(const TrialSpec& spec) {
  if (!spec.weights_path.empty()) {
    throw Error(
        ErrorKind::kConfig,
        "accuracy kind formula trains no network, so it has no weights to save: use kind proxy");
  }
  Evaluation result;
  result.accuracy = formula_accuracy(spec.architecture);
  return result;
}

}  // namespace ridgeline
