#include "accuracy/evaluator.h"
#include "accuracy/formula.h"
#include "accuracy/proxy.h"
#include "core/error.h"

namespace ridgeline {

std::unique_ptr<AccuracyEvaluator> make_evaluator(const AccuracyConfig& config, RankGroup* ranks) {
  switch (config.kind) {
    case AccuracyKind::kProxy:
      return std::make_unique<ProxyEvaluator>(config, ranks);
    case AccuracyKind::kFormula:
      return std::make_unique<FormulaEvaluator>();
  }
  throw Error(ErrorKind::kInternal, "accuracy kind without an evaluator");
}

}  // namespace ridgeline
