#include "accuracy/surrogate/formula.h"

#include "tests/accuracy/small_networks.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;
using Catch::Contains;

TEST_CASE("The formula grows with width and depth and stays below one") {
  Architecture a = small_architecture(10);
  const double small = formula_accuracy(a);
  a.stages[0].filters = 64;
  const double wide = formula_accuracy(a);
  a.stages[0].layers = 4;
  const double deep = formula_accuracy(a);
  a.stages[0].filters = 4096;
  a.resolution = 512;
  const double huge = formula_accuracy(a);
  CHECK(0 < small);
  CHECK(small < wide);
  CHECK(wide < deep);
  CHECK(deep < huge);
  CHECK(huge < 1);
}

TEST_CASE("The formula's optimum differs between early and late stages") {
  Architecture a = small_architecture(10);
  a.stages.assign(2, a.stages[0]);
  a.stages[0].stride = a.stages[1].stride = 1;
  const auto with_swish = [&](size_t stage) {
    Architecture b = a;
    b.stages[stage].activation = ActivationKind::kSwish;
    return formula_accuracy(b) - formula_accuracy(a);
  };
  CHECK(with_swish(0) > 0);
  CHECK(with_swish(1) == Approx(0).margin(1e-12));
}

TEST_CASE("The formula ignores the seed, and saves no weights") {
  FormulaEvaluator evaluator;
  TrialSpec spec;
  spec.architecture = small_architecture(10);
  const double accuracy = evaluator.evaluate(spec).accuracy;
  CHECK(accuracy == formula_accuracy(spec.architecture));
  spec.seed = 5;
  spec.trial_id = 6;
  CHECK(evaluator.evaluate(spec).accuracy == accuracy);
  CHECK(evaluator.classes() == 0);
  spec.weights_path = "/nowhere/weights.pt";
  CHECK_THAT(error_of([&] { evaluator.evaluate(spec); }), Contains("no weights to save"));
}
