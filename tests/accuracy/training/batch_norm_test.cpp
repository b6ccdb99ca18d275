#include "accuracy/training/batch_norm.h"

#include <ATen/ATen.h>

#include <cmath>

#include "accuracy/evaluators/make_evaluator.h"
#include "accuracy/training/proxy.h"
#include "tests/accuracy/small_networks.h"
#include "tests/catch.h"

using namespace ridgeline;
using namespace ridgeline::test;
using Catch::Contains;

TEST_CASE("The momentum of batch norm does not decide a score, with averaged weights neither") {
  for (const double ema_decay : {0.0, 0.9}) {
    AccuracyConfig config = small_task();
    config.training.ema_decay = ema_decay;
    TrialSpec spec;
    spec.architecture = small_architecture(3);
    spec.epochs = 2;
    spec.architecture.bn_momentum = 0.1;
    const Evaluation usual = make_evaluator(config)->evaluate(spec);
    spec.architecture.bn_momentum = 0.01;  // 30 steps of it leave three quarters of the beginning
    const Evaluation slow = make_evaluator(config)->evaluate(spec);
    CHECK(slow.accuracy == usual.accuracy);
    CHECK(slow.loss == usual.loss);
    CHECK(usual.accuracy > 0.34);  // chance is 0.33
  }
}

TEST_CASE("The statistics that are taken anew are those of the training images, to the bit again") {
  const Dataset data = few_fractals();  // 60: all are used, in four batches of 15
  const BatchMaker maker(data.train, normalization_of(data.train), 3, 16);
  const TrainingConfig config{.device = "cpu"};
  NetworkModule module(lower(small_architecture(3)), 1);
  module->reseed(5);
  const at::Tensor random = module->random_state();
  std::vector<at::Tensor> weights;
  for (const auto& weight : module->parameters()) weights.push_back(weight.clone());
  const auto statistics = [&](uint64_t trial) {
    retake_batch_norm_statistics(module, maker, config, {1, trial});
    std::vector<at::Tensor> copies;
    for (const auto& buffer : module->buffers()) copies.push_back(buffer.clone());
    return copies;
  };
  const auto once = statistics(1), again = statistics(1);
  REQUIRE(once.size() > 2);
  for (size_t i = 0; i < once.size(); ++i) CHECK(at::equal(once[i], again[i]));
  CHECK(at::equal(module->random_state(), random));
  CHECK_FALSE(module->is_training());
  const auto after = module->parameters();
  for (size_t i = 0; i < weights.size(); ++i) CHECK(at::equal(after[i], weights[i]));

  std::vector<int> all(60);
  for (int i = 0; i < 60; ++i) all[static_cast<size_t>(i)] = i;
  const at::NoGradGuard no_gradients;
  const auto named = module->named_buffers();
  const at::Tensor padded = at::constant_pad_nd(maker.plain(all).images, {0, 1, 0, 1});
  const at::Tensor stem =
      at::conv2d(padded, module->named_parameters()["stem.conv.weight"], {}, {2, 2});
  const at::Tensor mean = named["stem.bn.running_mean"], variance = named["stem.bn.running_var"];
  CHECK(at::allclose(mean, stem.mean({0, 2, 3}), 1e-3, 1e-4));
  CHECK(at::allclose(variance, stem.transpose(0, 1).flatten(1).var(1), 0.1, 1e-3));
}

TEST_CASE("The default momentum forgets the beginning of short and long trainings") {
  CHECK(batch_norm_momentum(10) == 0.3);
  CHECK(batch_norm_momentum(82) == Approx(0.122).epsilon(0.01));
  CHECK(batch_norm_momentum(100000) == 0.01);
  for (const int64_t steps : {10, 82, 500, 5000})
    CHECK(std::pow(1 - batch_norm_momentum(steps), steps) < 0.03);
  // 240 training images in batches of 16, four epochs.
  CHECK(make_evaluator(small_task())->batch_norm_momentum() == Approx(10.0 / 60));
}

TEST_CASE("A loss that says known and an accuracy that says unknown are called a contradiction") {
  // Ten classes, no smoothing: a loss of 0.1 is a geometric mean of 90 % for the right class.
  const auto doubt = [](double loss, double accuracy, double smoothing = 0) {
    Evaluation result;
    result.accuracy = accuracy;
    result.loss = loss;
    return contradiction(result, 10, smoothing);
  };
  CHECK_THAT(doubt(0.1, 0.2), Contains("about 90 % of the training images right, but only 20 %"));
  CHECK(doubt(0.1, 0.8).empty());
  CHECK(doubt(std::log(10.0), 0.1).empty());  // has learned nothing, and says so
  CHECK(doubt(2.2, 0.05).empty());            // nearly nothing
  // With smoothing 0.1 a perfect network has a loss of 0.500.
  CHECK_FALSE(doubt(0.51, 0.3, 0.1).empty());
  CHECK(doubt(0.51, 0.7, 0.1).empty());
  CHECK(doubt(2.0, 0.2, 0.1).empty());
}

TEST_CASE("A network that learns meaningless labels by heart is complete, with a doubt") {
  AccuracyConfig config = small_task();
  config.data.classes = 10;
  config.data.fractal.train_per_class = 4;
  config.data.validation_share = 0.5;
  config.training.epochs = 60;
  config.training.batch = 10;
  config.training.crop_padding = 0;
  TrialSpec spec;
  spec.architecture = small_architecture(10);
  spec.architecture.head.dropout = 0;
  const Evaluation result = make_evaluator(config)->evaluate(spec);
  CHECK(result.status == TrialStatus::kComplete);
  CHECK_THAT(result.message, Contains("the accuracy contradicts the training loss"));
}
