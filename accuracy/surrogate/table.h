#pragma once

#include "accuracy/evaluator.h"
#include "tables/lookup.h"
#include "tables/surrogate.h"

namespace ridgeline {

/// Answers with the accuracy that a table has for the point; one that it lacks ends as `invalid`.
/// Instant, the same for every seed and budget; saves no weights: a `weights_path` is an error.
class TableEvaluator : public AccuracyEvaluator {
 public:
  /// Throws as `read_table_rows`, and `kConfig` for a unit that is no accuracy's.
  explicit TableEvaluator(const TableConfig& config);

  Evaluation evaluate(const TrialSpec& spec) override;
  void require(const SearchSpace& space) const override { table_.require(space); }

 private:
  LookupTable table_;
};

/// The same with a `Surrogate` fitted to the table; logs how good it is.
class SurrogateEvaluator : public AccuracyEvaluator {
 public:
  explicit SurrogateEvaluator(const TableConfig& config);

  Evaluation evaluate(const TrialSpec& spec) override;
  void require(const SearchSpace& space) const override { surrogate_.require(space); }

 private:
  Surrogate surrogate_;
};

}  // namespace ridgeline
