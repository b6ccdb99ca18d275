#include <ATen/ATen.h>

#include <cmath>

#include "accuracy/evaluator.h"
#include "accuracy/evaluators/make_evaluator.h"
#include "accuracy/training/proxy.h"
#include "runtime/network_module.h"
#include "runtime/weights.h"
#include "tests/accuracy/files.h"
#include "tests/accuracy/small_networks.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;
using Catch::Contains;

namespace {

TrialSpec spec_of(uint64_t trial_id, int classes = 3) {
  TrialSpec spec;
  spec.architecture = small_architecture(classes);
  spec.trial_id = trial_id;
  return spec;
}

}  // namespace

TEST_CASE("A tiny network learns fractals clearly better than chance") {
  AccuracyConfig config = small_task();
  config.data.fractal.train_per_class = 200;
  config.training.epochs = 10;
  const auto evaluator = make_evaluator(config);
  const Evaluation result = evaluator->evaluate(spec_of(1));
  CHECK(result.status == TrialStatus::kComplete);
  CHECK(result.accuracy > 0.5);  // chance is 0.33
  CHECK(result.loss < 1.0);      // at the start: log 3 = 1.10
  CHECK(evaluator->classes() == 3);
  CHECK(evaluator->channels() == 3);
}

TEST_CASE("Equal trials give bit-equal results, another trial id or seed others") {
  const auto evaluator = make_evaluator(small_task());
  TrialSpec spec = spec_of(7);
  spec.epochs = 2;
  const Evaluation first = evaluator->evaluate(spec);
  const Evaluation again = make_evaluator(small_task())->evaluate(spec);
  CHECK(first.accuracy == again.accuracy);
  CHECK(first.loss == again.loss);
  TrialSpec other = spec;
  other.trial_id = 8;
  CHECK(evaluator->evaluate(other).loss != first.loss);
  other = spec;
  other.seed = 2;
  CHECK(evaluator->evaluate(other).loss != first.loss);
  CHECK(evaluator->evaluate(spec).loss == first.loss);  // nothing is left over from trials between
}

TEST_CASE("The learning curve has every epoch, and looking at it changes no result") {
  AccuracyConfig config = small_task();
  config.training.ema_decay = 0.5;
  TrialSpec spec = spec_of(7);
  spec.epochs = 3;
  const Evaluation whole = make_evaluator(config)->evaluate(spec);
  const auto curve_of = [](const Evaluation& result, const std::string& name) {
    std::vector<std::pair<int, double>> curve;
    for (const auto& metric : result.metrics) {
      if (metric.name == name) curve.emplace_back(metric.epoch, metric.value);
    }
    return curve;
  };
  const auto loss = curve_of(whole, "train_loss");
  REQUIRE(loss.size() == 3);
  CHECK(loss[0].first == 1);
  CHECK((loss[2] == std::pair(3, whole.loss)));
  const auto accuracy = curve_of(whole, "validation_accuracy");
  REQUIRE(accuracy.size() == 3);
  CHECK((accuracy[2] == std::pair(3, whole.accuracy)));
  for (const auto& [epoch, rate] : curve_of(whole, "images_per_s")) CHECK(rate > 0);

  config.training.validate_every = 0;
  const Evaluation unseen = make_evaluator(config)->evaluate(spec);
  CHECK(curve_of(unseen, "validation_accuracy").size() == 1);
  CHECK(unseen.accuracy == whole.accuracy);
  CHECK(unseen.loss == whole.loss);

  spec.test_split = true;
  const Evaluation final = make_evaluator(config)->evaluate(spec);
  CHECK(curve_of(final, "validation_accuracy").empty());
  REQUIRE(curve_of(final, "test_accuracy").size() == 1);
  CHECK((curve_of(final, "test_accuracy")[0] == std::pair(3, final.accuracy)));
}

TEST_CASE("An absurd learning rate ends as diverged with its place") {
  AccuracyConfig config = small_task();
  config.training.learning_rate = 100;
  config.training.gradient_clip = 0;
  config.training.warmup_epochs = 0;
  config.training.weight_decay = 1;
  const Evaluation result = make_evaluator(config)->evaluate(spec_of(1));
  CHECK(result.status == TrialStatus::kDiverged);
  CHECK(result.accuracy == 0);
  CHECK_THAT(result.message, Contains("loss became") && Contains("in epoch"));
}

TEST_CASE("The saved weights are those that were scored") {
  const TempFolder folder;
  for (const double ema_decay : {0.0, 0.9}) {
    AccuracyConfig config = small_task();
    config.training.ema_decay = ema_decay;
    TrialSpec spec = spec_of(3);
    spec.epochs = 1;
    spec.test_split = true;
    spec.weights_path = folder / "weights.pt";
    const Evaluation result = make_evaluator(config)->evaluate(spec);
    NetworkModule module(lower(spec.architecture), 99);
    load_weights(*module, spec.weights_path);
    const Dataset data = load_dataset(config.data);
    const BatchMaker maker(data.test, normalization_of(data.train), 3, 16);
    module->eval();
    const at::NoGradGuard no_gradients;
    int right = 0;
    for (int i = 0; i < data.test.size(); ++i) {
      const Batch batch = maker.plain({i});
      right += module->forward(batch.images).argmax(1).eq(batch.labels).item<bool>() ? 1 : 0;
    }
    CHECK(right / 90.0 == Approx(result.accuracy).margin(0.012));  // one image on the fence
  }
}

TEST_CASE("Averaged weights and every optimizer and schedule learn as well") {
  AccuracyConfig config = small_task();
  config.data.fractal.train_per_class = 200;
  config.training.epochs = 8;
  config.training.ema_decay = 0.9;
  config.training.optimizer = OptimizerKind::kRmsProp;
  config.training.learning_rate = 0.005;
  config.training.schedule = ScheduleKind::kExponential;
  CHECK(make_evaluator(config)->evaluate(spec_of(1)).accuracy > 0.45);
  config.training.optimizer = OptimizerKind::kAdam;
  config.training.schedule = ScheduleKind::kConstant;
  CHECK(make_evaluator(config)->evaluate(spec_of(1)).accuracy > 0.45);
}

TEST_CASE("bfloat16 trains to a similar loss") {
  AccuracyConfig config = small_task();
  TrialSpec spec = spec_of(1);
  const Evaluation full = make_evaluator(config)->evaluate(spec);
  config.training.bf16 = true;
  const Evaluation half = make_evaluator(config)->evaluate(spec);
  CHECK(half.status == TrialStatus::kComplete);
  CHECK(half.loss != full.loss);
  CHECK(half.loss == Approx(full.loss).margin(0.15));
}

TEST_CASE("Without test images the final training is scored on the validation part") {
  const TempFolder folder;
  const Dataset fractals = load_dataset(small_task().data);
  const ImageSet& images = fractals.train;
  const auto n = static_cast<uint32_t>(images.size());
  write_gzip(folder / "x.gz",
             idx_bytes({n, 16, 16, 3}, {images.pixels.begin(), images.pixels.end()}));
  write_bytes(folder / "y", idx_bytes({n}, {images.labels.begin(), images.labels.end()}));
  AccuracyConfig config = small_task();
  config.data.kind = DataKind::kIdx;
  config.data.path = folder.path();
  config.data.idx.train_images = "x.gz";
  config.data.idx.train_labels = "y";
  const auto evaluator = make_evaluator(config);
  TrialSpec spec = spec_of(1);
  spec.epochs = 1;
  const Evaluation search = evaluator->evaluate(spec);
  spec.test_split = true;
  const Evaluation final_training = evaluator->evaluate(spec);
  CHECK(final_training.accuracy == search.accuracy);
  CHECK(final_training.loss == search.loss);
}

TEST_CASE("The final training learns from validation images too") {
  const auto evaluator = make_evaluator(small_task());
  TrialSpec spec = spec_of(1);
  const Evaluation search = evaluator->evaluate(spec);
  spec.test_split = true;
  const Evaluation final_training = evaluator->evaluate(spec);
  CHECK(final_training.status == TrialStatus::kComplete);
  CHECK(final_training.loss != search.loss);
  CHECK(final_training.accuracy * 90 == Approx(std::round(final_training.accuracy * 90)));
}

TEST_CASE("Data and architecture must agree, and bad settings stop at once") {
  const auto evaluator = make_evaluator(small_task());
  CHECK_THAT(error_of([&] { evaluator->evaluate(spec_of(1, 4)); }),
             Contains("has 4, but the images have 3"));
  TrialSpec grey = spec_of(1);
  grey.architecture.input_channels = 1;
  CHECK_THAT(error_of([&] { evaluator->evaluate(grey); }),
             Contains("input_channels: 1 does not fit"));
  AccuracyConfig config = small_task();
  config.training.device = "tpu";
  CHECK_THAT(error_of([&] { make_evaluator(config); }), Contains("tpu"));
  config = small_task();
  config.data.kind = DataKind::kCifar10;
  config.data.path = "/nowhere";
  CHECK_THAT(error_of([&] { make_evaluator(config); }),
             Contains("/nowhere/data_batch_1.bin: cannot be opened"));
}

TEST_CASE("Photos of signed digits are learned beyond chance in two epochs") {
  const auto images = shared_data("images/signdigits32_train_images.idx.gz");
  AccuracyConfig config;
  config.data.kind = DataKind::kIdx;
  config.data.path = images.parent_path();
  config.data.idx.train_images = "signdigits32_train_images.idx.gz";
  config.data.idx.train_labels = "signdigits32_train_labels.idx.gz";
  config.data.idx.test_images = "signdigits32_test_images.idx.gz";
  config.data.idx.test_labels = "signdigits32_test_labels.idx.gz";
  config.training.epochs = 2;
  config.training.batch = 32;
  const Evaluation result = make_evaluator(config)->evaluate(spec_of(1, 10));  // resized to 16 px
  CHECK(result.status == TrialStatus::kComplete);
  CHECK(result.accuracy > 0.2);  // chance is 0.1
}
