#include "accuracy/supernet/supernet_evaluator.h"

#include "accuracy/evaluators/make_evaluator.h"
#include "core/error.h"
#include "runtime/weights.h"
#include "tests/accuracy/small_networks.h"
#include "tests/accuracy/supernet/small_space.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;
using Catch::Matchers::Contains;

namespace {

AccuracyConfig supernet_task(const std::string& weights) {
  AccuracyConfig config = small_task();
  config.kind = AccuracyKind::kSupernet;
  config.supernet.weights = weights;
  return config;
}

}  // namespace

TEST_CASE("trained shared weights score networks above chance, each time the same") {
  TempFolder folder;
  const AccuracyConfig config = supernet_task(folder / "shared.pt");
  const auto evaluator = make_evaluator(config);
  const SearchSpace space = narrow_space();
  const auto weights = shared_weights(space, 1);
  SupernetConfig supernet;
  supernet.epochs = 8;
  train_supernet(*weights, supernet_space(space),
                 dynamic_cast<SupernetEvaluator&>(*evaluator).data(),
                 {.supernet = supernet, .training = config.training, .seed = 1});
  save_weights(*weights, folder / "shared.pt");
  RandomStream stream(9, 0, "networks");
  double sum = 0;
  constexpr int kNetworks = 5;
  for (uint64_t id = 0; id < kNetworks; ++id) {
    TrialSpec spec;
    spec.architecture = space.decode(random_genotype(space.decisions(), stream));
    spec.trial_id = id;
    const Evaluation result = evaluator->evaluate(spec);
    REQUIRE(result.status == TrialStatus::kComplete);
    sum += result.accuracy;
    spec.trial_id = id + 100;  // the score is the network's, not the trial's
    CHECK(make_evaluator(config)->evaluate(spec).accuracy == result.accuracy);
  }
  CHECK(sum / kNetworks > 0.45);
}

TEST_CASE("a spec that is to be trained alone does not use shared weights") {
  const AccuracyConfig config = supernet_task("");  // there are none
  AccuracyConfig proxy = small_task();
  TrialSpec spec;
  spec.architecture = small_architecture(3);
  CHECK_THAT(error_of([&] { make_evaluator(config)->evaluate(spec); }),
             Contains("accuracy.supernet.weights"));
  spec.alone = true;
  const Evaluation alone = make_evaluator(config)->evaluate(spec);
  CHECK(alone.status == TrialStatus::kComplete);
  CHECK(alone.accuracy == make_evaluator(proxy)->evaluate(spec).accuracy);
}

TEST_CASE("shared weights are refused for plain decisions and several processes") {
  const SearchSpace plain =
      SearchSpace::from_yaml(YamlView::parse("{name: cell, decisions: {edge: [a, b]}}", "plain"));
  CHECK_THAT(error_of([&] { make_evaluator(supernet_task(""))->require(plain); }),
             Contains("accuracy.kind: supernet") && Contains("cell") &&
                 Contains("plain decisions") && Contains("table"));
  AccuracyConfig several = supernet_task("");
  several.training.processes = 2;
  CHECK_THAT(error_of([&] { make_evaluator(several); }),
             Contains("accuracy.training.processes") && Contains("supernet"));
  AccuracyConfig parts = supernet_task("");
  parts.training.accumulate = 4;
  CHECK_THAT(error_of([&] { make_evaluator(parts); }), Contains("accuracy.training.accumulate"));
}

TEST_CASE("a file that holds no weights is refused by name") {
  TempFolder folder;
  TrialSpec spec;
  spec.architecture = small_architecture(3);
  CHECK_THAT(error_of([&] { make_evaluator(supernet_task(folder / "none.pt"))->evaluate(spec); }),
             Contains("none.pt"));
}
