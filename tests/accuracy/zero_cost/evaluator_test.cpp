#include <algorithm>
#include <cmath>

#include "accuracy/evaluators/make_evaluator.h"
#include "accuracy/zero_cost/scorer.h"
#include "search_space/search_space.h"
#include "tests/accuracy/small_networks.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;
using Catch::Contains;

namespace {

SearchSpace small_space() {
  return SearchSpace::from_yaml(YamlView::wrap(YAML::Load(R"(
name: small
resolution: 16
classes: 3
stem: {filters: [4, 8, 16]}
stages:
  - {kernel: [3, 5], filters: [8, 16, 24], layers: [1, 2], expansion: 1, stride: 2}
head: {filters: [16, 32]}
)"),
                                               "space"));
}

AccuracyConfig zero_cost(ZeroCostScore score) {
  AccuracyConfig config = small_task();
  config.kind = AccuracyKind::kZeroCost;
  config.zero_cost = {.score = score, .batch = 8, .reference = 20};
  return config;
}

TrialSpec spec_of(const Architecture& architecture) {
  TrialSpec spec;
  spec.architecture = architecture;
  spec.architecture.classes = 3;
  return spec;
}

}  // namespace

TEST_CASE("a score becomes a fraction that rises with it, one half at the median network") {
  const ZeroCostScore score = GENERATE(ZeroCostScore::kSynflow, ZeroCostScore::kParams);
  const auto evaluator = make_evaluator(zero_cost(score));
  const SearchSpace space = small_space();
  evaluator->require(space);
  RandomStream stream(1, 0, "zero-cost reference");  // the reference networks themselves
  std::vector<std::pair<double, double>> raw_and_mapped;
  for (int i = 0; i < 20; ++i) {
    const auto spec = spec_of(space.decode(random_genotype(space.decisions(), stream)));
    const Evaluation result = evaluator->evaluate(spec);
    CHECK(result.status == TrialStatus::kComplete);
    CHECK(result.accuracy > 0);
    CHECK(result.accuracy < 1);
    REQUIRE(result.metrics.size() == 1);
    CHECK(result.metrics[0].name == enum_name(score));
    CHECK(evaluator->evaluate(spec).accuracy == result.accuracy);
    raw_and_mapped.emplace_back(result.metrics[0].value, result.accuracy);
  }
  std::sort(raw_and_mapped.begin(), raw_and_mapped.end());
  for (size_t i = 1; i < raw_and_mapped.size(); ++i) {
    if (raw_and_mapped[i].first > raw_and_mapped[i - 1].first)
      CHECK(raw_and_mapped[i].second > raw_and_mapped[i - 1].second);
  }
  CHECK(raw_and_mapped[9].second == Approx(0.5));  // of 20 the tenth stands for the median
}

TEST_CASE("a zero-cost evaluator needs a space, saves no weights and tells what cannot rank") {
  const auto evaluator = make_evaluator(zero_cost(ZeroCostScore::kMadds));
  TrialSpec spec = spec_of(small_architecture(3));
  CHECK_THAT(error_of([&] { evaluator->evaluate(spec); }), Contains("needs a space"));
  evaluator->require(small_space());
  spec.weights_path = "weights.pt";
  CHECK_THAT(error_of([&] { evaluator->evaluate(spec); }), Contains("no weights to save"));
  const SearchSpace alike = SearchSpace::from_yaml(YamlView::wrap(YAML::Load(R"(
name: alike
resolution: 16
classes: 3
stem: {filters: 8}
stages:
  - {kernel: 3, filters: 8, layers: 1, expansion: 1, stride: 2, activation: [relu, swish]}
head: {filters: 16}
)"),
                                                                  "space"));
  CHECK_THAT(error_of([&] { evaluator->require(alike); }),
             Contains("madds does not tell networks of the space alike apart"));
}

TEST_CASE("equal data give equal scores of an architecture, other images others") {
  const ZeroCostScorer one(small_task().data, 8), again(small_task().data, 8);
  const Architecture a = small_architecture(3);
  const double value = one.score(ZeroCostScore::kGradNorm, a);
  CHECK(again.score(ZeroCostScore::kGradNorm, a) == value);
  DataConfig other = small_task().data;
  other.seed = 2;
  CHECK(ZeroCostScorer(other, 8).score(ZeroCostScore::kGradNorm, a) != value);
  CHECK(on_log_scale(ZeroCostScore::kGradNorm, 1) == 0);
  CHECK(on_log_scale(ZeroCostScore::kSynflow, 3) == 3);
}
