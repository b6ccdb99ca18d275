#include "accuracy/full_training/config.h"

#include <cmath>

#include "tests/catch.h"

using namespace ridgeline;
using Catch::Contains;

namespace {

FullTrainingConfig read(const std::string& text) {
  return read_full_training(YamlView::parse(text, "train.yaml"));
}

}  // namespace

TEST_CASE("A preset is the start, and the file's own keys change it") {
  const FullTrainingConfig config =
      read("{preset: efficientnet_x, training: {batch: 512, epochs: 10}}");
  CHECK(config.training.epochs == 10);
  CHECK(config.training.optimizer == OptimizerKind::kRmsProp);
  CHECK(config.training.learning_rate == Approx(0.032));  // 0.016 per 256 images
  CHECK(config.training.ema_decay == 0.9999);
  CHECK(read("{preset: efficientnet_x, training: {batch: 512, learning_rate: 0.1}}")
            .training.learning_rate == 0.1);
}

TEST_CASE("Procedure A3 has LAMB, binary cross-entropy and both mixings") {
  const TrainingConfig config = read("preset: resnet_strikes_back_a3").training;
  CHECK(config.optimizer == OptimizerKind::kLamb);
  CHECK(config.loss == LossKind::kBinaryCrossEntropy);
  CHECK(config.batch == 2048);
  CHECK(config.learning_rate == Approx(0.008));
  CHECK(config.weight_decay == 0.02);
  CHECK(config.mixup_alpha == 0.1);
  CHECK(config.cutmix_alpha == 1);
  CHECK(preset_training(TrainingPreset::kResNetStrikesBackA3, 128).learning_rate ==
        Approx(0.002));  // a sixteenth of the batch, a quarter of the rate
}

TEST_CASE("What is written is read back as the same training") {
  const FullTrainingConfig config = read(
      "{preset: efficientnet_x, training: {batch: 64}, start: {weights: w.pt, freeze: [a.*]}}");
  const std::string written = write_config(config);
  CHECK(write_config(read(written)) == written);
}

TEST_CASE("The annotated reference of all keys is a training file") {
  const std::string reference = write_config(FullTrainingConfig(), /*annotate=*/true);
  CHECK(write_config(read(reference)) == write_config(FullTrainingConfig()));
  CHECK_THAT(reference, Contains("patience:") && Contains("epochs without a better"));
}

TEST_CASE("Unknown presets and keys are refused with their place") {
  CHECK_THROWS_WITH(read("preset: efficientnet"), Contains("train.yaml:1") && Contains("proxy"));
  CHECK_THROWS_WITH(read("{preset: proxy, epochs: 3}"), Contains("epochs"));
  CHECK_THROWS_WITH(read("{training: {batch: 1}}"), Contains("batch"));
  CHECK_THROWS_WITH(read("{start: {freeze: [stem.*]}}"), Contains("weights"));
}

TEST_CASE("A progressive training grows its images in equal steps") {
  FullTrainingConfig config;
  config.start_resolution = 128;
  config.resolution_steps = 4;
  config.training.epochs = 8;
  std::vector<int> sides;
  for (int epoch = 0; epoch < 8; ++epoch) sides.push_back(resolution_at(config, 224, epoch));
  CHECK(sides == std::vector<int>{128, 128, 160, 160, 192, 192, 224, 224});
  config.training.epochs = 1;  // no room to grow
  CHECK(resolution_at(config, 224, 0) == 224);
  config.start_resolution = 0;
  CHECK(resolution_at(config, 224, 0) == 224);
}
