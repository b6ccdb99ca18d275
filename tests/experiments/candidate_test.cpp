#include "experiments/candidate.h"

#include "accuracy/evaluators/make_evaluator.h"
#include "controller/mutation.h"
#include "core/config_path.h"
#include "experiments/preflight.h"
#include "export/bundle.h"
#include "tests/catch.h"
#include "tests/experiments/small_run.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

/// EfficientNet-X has 1000 classes.
ExperimentConfig efficientnet_x(const std::string& changes = "") {
  auto config = small_config("reward.target_ms=50;" + changes);
  config.space = YamlView::load_file(find_config("spaces", "efficientnet_x")).node();
  return config;
}

int64_t params(const Architecture& architecture) { return cost(lower(architecture)).total.params; }

/// The formula, with data of its own shape; keeps what it was asked to train.
class ShapedEvaluator : public AccuracyEvaluator {
 public:
  Evaluation evaluate(const TrialSpec& spec) override {
    trained.push_back(spec);
    return formula_->evaluate(spec);
  }
  int classes() const override { return 3; }
  int channels() const override { return 1; }
  int resolution() const override { return 48; }
  double batch_norm_momentum() const override { return 0.125; }
  std::vector<TrialSpec> trained;

 private:
  std::unique_ptr<AccuracyEvaluator> formula_ = make_evaluator(small_config().accuracy);
};

}  // namespace

TEST_CASE("limits that only the networks of the data's ten classes meet are not out of reach") {
  const SearchSpace space = efficientnet_x().search_space();
  const CandidateBuilder own(space), ten(space, {10, 3});
  RandomStream stream(1, 0, "smallest");
  Genotype smallest = random_genotype(space.decisions(), stream);
  for (int step = 0; step < 3000; ++step) {
    const Genotype next = mutated(space.decisions(), smallest, stream);
    if (params(ten.architecture(next)) < params(ten.architecture(smallest))) smallest = next;
  }
  const int64_t fewest = params(ten.architecture(smallest));
  const int64_t classifier = params(own.architecture(smallest)) - fewest;
  CHECK(classifier > 1000000);
  const auto config =
      efficientnet_x("reward.limits.params=" + std::to_string(fewest + classifier / 2));
  CHECK_NOTHROW(check_limits(ten, config));
  CHECK_THAT(error_of([&] { check_limits(own, config); }), Catch::Contains("out of reach"));
}

TEST_CASE("the pre-flight prices the networks of the data's classes and channels") {
  const auto config = efficientnet_x();
  const SearchSpace space = config.search_space();
  const auto oracle = make_oracle(config.latency);
  const Preflight result = survey_space({space, {10, 1}}, *oracle, config, 51);
  Architecture median = space.decode(result.median);
  CHECK(oracle->estimate(lower(median)).ms != result.median_ms);
  median.classes = 10;
  median.input_channels = 1;
  CHECK(oracle->estimate(lower(median)).ms == result.median_ms);
}

TEST_CASE("the network that is priced is the one that is trained and exported") {
  const auto config = small_config();
  const auto oracle = make_oracle(config.latency);
  const SearchSpace space = config.search_space();
  const auto controller = make_controller(config.controller, space.decisions(), config.seed);
  ShapedEvaluator evaluator;
  InProcessExecutor executor(evaluator);
  TempFolder folder;
  TrialStore store(folder / "s.sqlite");
  TrialRunner runner(executor);
  Search(config, {{space, data_shape(evaluator)}, {{"", *oracle}}, *controller, runner, store})
      .run();
  REQUIRE(evaluator.trained.size() > 10);
  for (const auto& spec : evaluator.trained) {
    const Architecture& trained = spec.architecture;
    CHECK(trained.classes == 3);
    CHECK(trained.input_channels == 1);
    const auto trial = store.find(spec.trial_id);
    REQUIRE(trial.has_value());
    CHECK(trial->architecture == trained);
    CHECK(trial->params == params(trained));
    CHECK(trial->latency_ms() == oracle->estimate(lower(trained)).ms);
  }
  const Architecture& last = evaluator.trained.back().architecture;
  export_bundle(last, /*weights=*/"", /*seed=*/1,
                {.formats = {ExportFormat::kYaml, ExportFormat::kTorchScript}}, folder / "export");
  CHECK(load_architecture(folder / "export/architecture.yaml") == last);
}

TEST_CASE(
    "resolution and batch-norm momentum come from data and training where a space gives none") {
  const ShapedEvaluator evaluator;
  const auto built = [&](const std::string& more) {
    const SearchSpace space = SearchSpace::from_yaml(YamlView::parse(
        "name: s\nstages: [{kernel: 3, filters: [8, 16], stride: 2}]\n" + more, "s.yaml"));
    return CandidateBuilder(space, data_shape(evaluator)).architecture({1});
  };
  CHECK(built("").resolution == 48);
  CHECK(built("").bn_momentum == 0.125);
  CHECK(built("").classes == 3);
  CHECK(built("resolution: 64\n").resolution == 64);
  CHECK(built("batch_norm: {momentum: 0.5}\n").bn_momentum == 0.5);
  CHECK(built("batch_norm: {epsilon: 1e-4}\n").bn_momentum == 0.125);
  CHECK(built("resolution: 64\nbatch_norm: {momentum: 0.5}\n").bn_momentum == 0.5);
}

TEST_CASE("a space that leaves the resolution open holds the networks that were made of it") {
  const SearchSpace space = SearchSpace::from_yaml(
      YamlView::parse("name: s\nstages: [{kernel: 3, filters: [8, 16], stride: 2}]\n", "s.yaml"));
  const CandidateBuilder builder(space, {.resolution = 48, .batch_norm_momentum = 0.125});
  CHECK(space.encode(builder.architecture({1})) == Genotype{1});
  const SearchSpace fixed = SearchSpace::from_yaml(YamlView::parse(
      "name: s\nresolution: 32\nstages: [{kernel: 3, filters: [8, 16], stride: 2}]\n", "s.yaml"));
  CHECK_THAT(error_of([&] { fixed.encode(builder.architecture({1})); }),
             Catch::Contains("resolution = 48"));
}
