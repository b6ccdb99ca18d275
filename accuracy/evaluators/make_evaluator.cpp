#include "accuracy/evaluators/make_evaluator.h"
#include "accuracy/evaluator.h"
#include "accuracy/supernet/supernet_evaluator.h"
#include "accuracy/surrogate/fitted.h"
#include "accuracy/surrogate/formula.h"
#include "accuracy/surrogate/table.h"
#include "accuracy/training/proxy.h"
#include "accuracy/zero_cost/zero_cost_evaluator.h"
#include "core/error.h"

namespace ridgeline {

std::unique_ptr<AccuracyEvaluator> make_evaluator(const AccuracyConfig& config, RankGroup* ranks,
                                                  CandidateWriter write) {
  switch (config.kind) {
    case AccuracyKind::kProxy:
      return std::make_unique<ProxyEvaluator>(config, ranks);
    case AccuracyKind::kSupernet:
      return std::make_unique<SupernetEvaluator>(config);
    case AccuracyKind::kCommand:
      return std::make_unique<CommandEvaluator>(config, std::move(write));
    case AccuracyKind::kFormula:
      return std::make_unique<FormulaEvaluator>();
    case AccuracyKind::kTable:
      return std::make_unique<TableEvaluator>(config.table);
    case AccuracyKind::kSurrogate:
      if (!config.surrogate.empty())
        return std::make_unique<FittedSurrogateEvaluator>(config.surrogate);
      return std::make_unique<SurrogateEvaluator>(config.table);
    case AccuracyKind::kZeroCost:
      return std::make_unique<ZeroCostEvaluator>(config);
  }
  throw Error(ErrorKind::kInternal, "accuracy kind without an evaluator");
}

}  // namespace ridgeline
