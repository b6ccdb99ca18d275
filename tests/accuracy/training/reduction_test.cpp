#include "accuracy/training/reduction.h"

#include <map>

#include "accuracy/evaluators/make_evaluator.h"
#include "accuracy/training/proxy.h"
#include "tests/accuracy/small_networks.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;
using Catch::Contains;

TEST_CASE("a reduced network has fewer filters and pixels, rounded to whole numbers") {
  Architecture a = small_architecture(3);  // 16 px, stem 8, stage 16, head 32
  CHECK(reduced(a, {}) == a);
  const Architecture half = reduced(a, {.resolution = 0.55, .width = 0.5});
  CHECK(half.resolution == 9);  // 8.8
  CHECK(half.stem.filters == 4);
  CHECK(half.stages[0].filters == 8);
  CHECK(half.head.filters == 16);
  CHECK(half.stages[0].layers == a.stages[0].layers);
  a.stem.filters = 1;
  CHECK(reduced(a, {.width = 0.1}).stem.filters == 1);
}

TEST_CASE("a share of the images is balanced, the same for a seed, and has every class") {
  const ImageSet images = few_fractals().train;  // 60 of three classes
  const ImageSet half = reduced(images, 3, 0.5, 1);
  REQUIRE(half.size() == 30);
  std::map<int, int> counts;
  for (const int label : half.labels) ++counts[label];
  for (const auto& [label, count] : counts) CHECK(count == 10);
  CHECK(reduced(images, 3, 0.5, 1).pixels == half.pixels);
  CHECK(reduced(images, 3, 0.5, 2).pixels != half.pixels);
  CHECK(reduced(images, 3, 0.001, 1).size() == 3);
}

TEST_CASE("a trial is reduced, the final training is not") {
  AccuracyConfig config = small_task();
  config.training.epochs = 1;
  config.proxy = {.resolution = 0.75, .width = 0.5, .images = 0.25};
  const auto reduced_proxy = make_evaluator(config);
  config.proxy = {};
  const auto whole = make_evaluator(config);
  TrialSpec spec;
  spec.architecture = small_architecture(3);
  CHECK(reduced_proxy->evaluate(spec).loss != whole->evaluate(spec).loss);
  spec.test_split = true;
  CHECK(reduced_proxy->evaluate(spec).loss == whole->evaluate(spec).loss);
  CHECK(reduced_proxy->evaluate(spec).accuracy == whole->evaluate(spec).accuracy);
}

TEST_CASE("a resolution that leaves too few pixels is refused with the space and the key") {
  const SearchSpace space = SearchSpace::from_yaml(YamlView::wrap(YAML::Load(R"(
name: deep
resolution: 16
classes: 3
stem: {filters: 8}
stages:
  - {kernel: 3, filters: [8, 16], layers: 1, expansion: 1, stride: 2}
  - {kernel: 3, filters: 16, layers: 1, expansion: 1, stride: 4}
head: {filters: 16}
)"),
                                                                  "space"));
  require_reducible(space, {}, 0);
  require_reducible(space, {.width = 0.5}, 0);
  CHECK_THAT(error_of([&] { require_reducible(space, {.resolution = 0.5}, 0); }),
             Contains("accuracy.proxy") && Contains("the resolution 8 is too small") &&
                 Contains("raise accuracy.proxy.resolution"));
}
