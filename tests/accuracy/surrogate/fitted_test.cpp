#include "accuracy/surrogate/fitted.h"

#include "core/file.h"
#include "tests/catch.h"
#include "tests/support.h"
#include "tests/surrogate/planted.h"

using namespace ridgeline;
using namespace ridgeline::test;
using Catch::Contains;

TEST_CASE(
    "A fitted surrogate answers for its space, counts what is far, and fails what is outside") {
  SurrogateData data = planted_rows(200, 0.01);
  std::erase_if(data.rows, [](const SurrogateRow& row) { return row.genotype[1] == 2; });
  const FittedSurrogate surrogate = fit_surrogate(data, SurrogateModel::kRidge);
  const TempFolder folder;
  write_file_atomic(folder / "s.json", surrogate.to_text());
  FittedSurrogateEvaluator evaluator(folder / "s.json");
  CHECK(evaluator.classes() == 10);
  CHECK(evaluator.resolution() == 32);
  TrialSpec spec;
  spec.architecture = data.rows[3].architecture;
  Evaluation evaluation = evaluator.evaluate(spec);
  CHECK(evaluation.status == TrialStatus::kComplete);
  CHECK(evaluation.accuracy == surrogate.accuracy(spec.architecture));
  CHECK(evaluator.far() == 0);
  Genotype untried = data.rows[3].genotype;
  untried[1] = 2;
  spec.architecture = data.space().decode(untried);
  CHECK(evaluator.evaluate(spec).status == TrialStatus::kComplete);
  CHECK(evaluator.evaluate(spec).status == TrialStatus::kComplete);
  CHECK(evaluator.far() == 2);
  CHECK(evaluator.asked() == 3);
  spec.architecture.stages[0].kernel = 11;
  evaluation = evaluator.evaluate(spec);
  CHECK(evaluation.status == TrialStatus::kInvalid);
  CHECK_THAT(evaluation.message, Contains("stage1.kernel = 11 is not offered"));
  CHECK_NOTHROW(evaluator.require(data.space()));
  const SearchSpace other = SearchSpace::from_yaml(
      YamlView::parse("stages: [{filters: 16, kernel: [3, 5], layers: 1}]", "other.yaml"));
  CHECK_THAT(
      error_of([&] { evaluator.require(other); }),
      Contains("accuracy.surrogate: ") && Contains("fitted to another space (planted) than other"));
  spec.weights_path = "/nowhere/weights.pt";
  CHECK_THAT(error_of([&] { evaluator.evaluate(spec); }), Contains("no weights to save"));
  CHECK_THAT(error_of([] { FittedSurrogateEvaluator("/nowhere/s.json"); }),
             Contains("accuracy.surrogate: /nowhere/s.json"));
}
