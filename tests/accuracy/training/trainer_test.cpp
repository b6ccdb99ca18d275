#include <ATen/ATen.h>

#include <cmath>

#include "accuracy/data/fractal.h"
#include "accuracy/training/loss.h"
#include "accuracy/training/score.h"
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

TEST_CASE("Binary cross-entropy asks of every class whether it is in the image") {
  TrainingConfig config;
  config.loss = LossKind::kBinaryCrossEntropy;
  config.label_smoothing = 0.3;
  const auto log_sigmoid = [](double x) { return -std::log1p(std::exp(-x)); };
  const auto loss_of = [&](double target, double x) {
    return -(target * log_sigmoid(x) + (1 - target) * log_sigmoid(-x));
  };
  const at::Tensor logits = at::tensor({0.5F, -1.0F, 2.0F}).unsqueeze(0);
  Batch batch{.images = {}, .labels = at::zeros({1}, at::kLong)};
  // Smoothing gives 0.1 to each class, and the label 0.7 more.
  CHECK(training_loss(logits, batch, config).item<float>() ==
        Approx((loss_of(0.8, 0.5) + loss_of(0.1, -1) + loss_of(0.1, 2)) / 3));
  batch.partner_labels = at::full({1}, 2, at::kLong);
  batch.own = 0.9;
  CHECK(training_loss(logits, batch, config).item<float>() ==
        Approx((loss_of(0.8, 0.5) + loss_of(0.1, -1) + loss_of(0.8, 2)) / 3));
}

namespace {

/// Without batch norm, so that a part of a batch computes what it does in the whole one.
Network plain_network() {
  NetworkBuilder builder("plain", {3, 16, 16});
  Conv2d conv;
  conv.out_channels = 8;
  conv.kernel_h = conv.kernel_w = 3;
  conv.bias = true;
  int node = builder.add("conv", conv, {0});
  node = builder.add("act", Activation{ActivationKind::kSwish}, {node});
  node = builder.add("pool", GlobalAveragePool{}, {node});
  builder.add("classifier", Linear{.out_features = 3, .bias = true}, {node});
  return std::move(builder).build();
}

}  // namespace

TEST_CASE("Accumulated gradients are those of the whole batch") {
  const Dataset data = few_fractals();
  const BatchMaker maker(data.train, normalization_of(data.train), 3, 16);
  TrainingConfig config;
  config.batch = 20;
  config.mixup_alpha = 0.2;
  const auto weights_after = [&](int parts) {
    config.accumulate = parts;
    NetworkModule module(plain_network(), 1);
    const Evaluation trained = train(module, maker, config, {.epochs = 2, .seed = {1, 1}});
    return std::pair(module->parameters(), trained.loss);
  };
  const auto [whole, loss] = weights_after(1);
  const auto [parts, parts_loss] = weights_after(3);  // 6, 7 and 7 images
  CHECK(parts_loss == Approx(loss).epsilon(1e-5));
  for (size_t i = 0; i < whole.size(); ++i)
    CHECK((whole[i] - parts[i]).abs().max().item<double>() < 1e-5);
  config.accumulate = 21;
  NetworkModule module(plain_network(), 1);
  CHECK_THROWS_WITH(train(module, maker, config, {.epochs = 1}), Contains("only 20 images"));
}

TEST_CASE("A training ends where its plan says, and averages are seen only between epochs") {
  const Dataset data = few_fractals();
  const BatchMaker maker(data.train, normalization_of(data.train), 3, 16);
  TrainingConfig config;
  config.batch = 20;
  config.ema_decay = 0.9;
  NetworkModule module(plain_network(), 1);
  at::Tensor seen;
  TrainingPlan plan{.epochs = 5, .seed = {1, 1}, .averaged_after_epoch = true};
  plan.after_epoch = [&](int epoch, const std::vector<Metric>& curve) -> EpochEnd {
    CHECK(curve.back().epoch == epoch);
    seen = module->parameters()[0].detach().clone();
    return {.metrics = {{epoch, "mine", 7.0}}, .stop = epoch == 3};
  };
  const Evaluation result = train(module, maker, config, plan);
  CHECK(result.metrics.back().epoch == 3);
  CHECK(result.metrics.back().name == "mine");
  CHECK(module->parameters()[0].equal(seen));  // the training ends with the averages
}
