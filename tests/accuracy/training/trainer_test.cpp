#include <ATen/ATen.h>

#include <cmath>

#include "accuracy/data/fractal.h"
#include "accuracy/training/trainer.h"
#include "tests/accuracy/small_networks.h"
#include "tests/catch.h"

using namespace ridgeline;
using namespace ridgeline::test;
using Catch::Contains;

TEST_CASE("Label smoothing spreads its share over all classes") {
  const at::Tensor logits = at::log(at::tensor({0.7F, 0.2F, 0.1F})).unsqueeze(0);
  const at::Tensor label = at::zeros({1}, at::kLong);
  CHECK(smoothed_cross_entropy(logits, label, 0).item<float>() == Approx(-std::log(0.7)));
  // 0.7 on the label and 0.1 on each of the three classes.
  const double expected = -(0.8 * std::log(0.7) + 0.1 * std::log(0.2) + 0.1 * std::log(0.1));
  CHECK(smoothed_cross_entropy(logits, label, 0.3).item<float>() == Approx(expected));
}

TEST_CASE("Training without whole batches to spare uses the images there are") {
  DataConfig data;
  data.classes = 2;
  data.fractal.image_size = 16;
  data.fractal.train_per_class = 5;
  const Dataset images = generate_fractals(data);
  const BatchMaker maker(images.train, normalization_of(images.train), 3, 16);
  NetworkModule module(lower(small_architecture(2)), 1);
  TrainingConfig config;
  config.batch = 1000;
  const Evaluation first = train(module, maker, config, {.epochs = 1, .seed = {1, 1}});
  const Evaluation later = train(module, maker, config, {.epochs = 30, .seed = {1, 1}});
  CHECK(first.status == TrialStatus::kComplete);
  CHECK(later.loss < first.loss);
}

TEST_CASE("Outputs that are not finite are a divergence, not an accuracy") {
  DataConfig data;
  data.classes = 2;
  data.fractal.image_size = 16;
  data.fractal.train_per_class = 5;
  const Dataset images = generate_fractals(data);
  const BatchMaker maker(images.train, normalization_of(images.train), 3, 16);
  NetworkModule module(lower(small_architecture(2)), 1);
  const at::NoGradGuard no_gradients;
  module->parameters().back().fill_(std::nanf(""));
  const Evaluation result = score(module, maker, TrainingConfig{});
  CHECK(result.status == TrialStatus::kDiverged);
  CHECK_THAT(result.message, Contains("outputs are not finite"));
}

TEST_CASE("The score is the fraction classified rightly") {
  const ImageSet images{1, 1, 3, {9, 9, 9, 8, 8, 8, 7, 7, 7, 6, 6, 6}, {1, 0, 1, 1}};
  Architecture a = small_architecture(2);
  const BatchMaker maker(images, {{0, 0, 0}, {1, 1, 1}}, 3, 16);
  NetworkModule module(lower(a), 1);
  const at::NoGradGuard no_gradients;
  for (auto& parameter : module->parameters()) parameter.zero_();
  module->parameters().back().copy_(
      at::tensor({0.0F, 1.0F}));  // the classifier's bias: always class 1
  CHECK(score(module, maker, TrainingConfig{}).accuracy == 0.75);
}
