#include "accuracy/full_training/full_training.h"

#include <ATen/ATen.h>

#include <fstream>

#include "accuracy/data/fractal.h"
#include "accuracy/training/score.h"
#include "core/error.h"
#include "core/file.h"
#include "runtime/safetensors.h"
#include "runtime/weights.h"
#include "tests/accuracy/small_networks.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;
using Catch::Contains;

namespace {

FullTrainingConfig everything() {
  FullTrainingConfig config;
  config.data = small_task().data;
  config.training = small_task().training;
  config.training.epochs = 4;
  config.training.ema_decay = 0.9;
  config.training.flip = true;
  config.start_resolution = 12;
  config.resolution_steps = 2;
  return config;
}

Dataset fractals(const FullTrainingConfig& config) {
  Dataset data = generate_fractals(config.data);
  hold_out_validation(data, 0.2, 1);
  return data;
}

Network small_network(int resolution) {
  Architecture architecture = small_architecture(3);
  architecture.resolution = resolution;
  architecture.drop_connect = 0.2;
  return lower(architecture);
}

FullTrainingTask task_in(const TempFolder& folder, const Dataset& data) {
  return {.network = small_network,
          .resolution = 16,
          .normalization = normalization_of(data.train),
          .folder = folder.path(),
          .identity = 5};
}

std::vector<Metric> without_speed(std::vector<Metric> metrics) {
  std::erase_if(metrics, [](const Metric& m) { return m.name == "images_per_s"; });
  return metrics;
}

bool same_curve(const std::vector<Metric>& a, const std::vector<Metric>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Metric& x, const Metric& y) {
    return x.epoch == y.epoch && x.name == y.name && x.value == y.value;
  });
}

}  // namespace

TEST_CASE("A full training learns, keeps its best weights and scores them on the test images") {
  const FullTrainingConfig config = everything();
  const Dataset data = fractals(config);
  const TempFolder folder;
  std::vector<FullTrainingObserver::Epoch> seen;
  int steps = 0;
  FullTrainingObserver observer;
  observer.after_step = [&](const StepReport&) { ++steps; };
  observer.after_epoch = [&](const FullTrainingObserver::Epoch& epoch) { seen.push_back(epoch); };
  const FullTrainingResult result = train_fully(config, data, task_in(folder, data), observer);
  REQUIRE(result.status == TrialStatus::kComplete);
  CHECK(result.epochs == 4);
  CHECK(result.best_accuracy > 0.5);  // of three classes
  REQUIRE(seen.size() == 4);
  CHECK(seen[0].resolution == 12);
  CHECK(seen[3].resolution == 16);
  CHECK(steps == 4 * (data.train.size() / config.training.batch));
  // The best weights give the accuracies that are told of them.
  NetworkModule module(small_network(16), 1);
  load_weights(*module, folder / kBestWeightsFile);
  const auto score_on = [&](const ImageSet& images) {
    const BatchMaker maker(images, normalization_of(data.train), 3, 16);
    return score(module, maker, config.training).accuracy;
  };
  CHECK(score_on(data.validation) == result.best_accuracy);
  CHECK(score_on(data.test) == result.test_accuracy);
  CHECK(std::filesystem::exists(folder / kLastWeightsFile));
  CHECK_THAT(read_file(folder / kMetricsFile), Contains("4,validation_accuracy,"));
}

TEST_CASE("A full training that is broken off again and again ends with the same bits") {
  const FullTrainingConfig config = everything();
  const Dataset data = fractals(config);
  const TempFolder undisturbed, broken;
  const FullTrainingResult expected = train_fully(config, data, task_in(undisturbed, data), {});
  FullTrainingTask task = task_in(broken, data);
  FullTrainingResult result;
  int lives = 0;
  for (bool done = false; !done; ++lives) {
    REQUIRE(lives < 20);
    int steps = 0;
    task.stop_asked = [&] { return ++steps == 7; };  // not a divisor of an epoch's 15
    try {
      result = train_fully(config, data, task, {});
      done = true;
    } catch (const Error& error) {
      REQUIRE(error.kind() == ErrorKind::kInterrupted);
    }
  }
  CHECK(lives > 5);
  CHECK(result.best_epoch == expected.best_epoch);
  CHECK(result.test_accuracy == expected.test_accuracy);
  CHECK(same_curve(without_speed(result.metrics), without_speed(expected.metrics)));
  for (const char* file : {kBestWeightsFile, kLastWeightsFile})
    CHECK(read_file(broken / file) == read_file(undisturbed / file));
}

TEST_CASE("Early stopping ends a training that gets no better") {
  FullTrainingConfig config = everything();
  config.training.learning_rate = 1e-9;  // learns nothing
  config.training.ema_decay = 0;
  config.training.epochs = 50;
  config.start_resolution = 0;
  config.patience = 2;
  const Dataset data = fractals(config);
  const TempFolder folder;
  const FullTrainingResult result = train_fully(config, data, task_in(folder, data), {});
  CHECK(result.epochs == result.best_epoch + 2);
  CHECK(result.epochs < 50);
}

TEST_CASE("A loss that is no number ends a training and says where") {
  FullTrainingConfig config = everything();
  config.training.learning_rate = 100;
  config.training.gradient_clip = 0;
  config.training.warmup_epochs = 0;
  config.training.weight_decay = 1;
  const Dataset data = fractals(config);
  const TempFolder folder;
  const FullTrainingResult result = train_fully(config, data, task_in(folder, data), {});
  CHECK(result.status == TrialStatus::kDiverged);
  CHECK_THAT(result.message, Contains("loss became") && Contains("in epoch"));
  CHECK_FALSE(std::filesystem::exists(folder / kLastWeightsFile));
}

TEST_CASE("A resolution below the network's strides is refused by its key") {
  FullTrainingConfig config = everything();
  config.start_resolution = 1;
  const Dataset data = fractals(config);
  const TempFolder folder;
  CHECK_THROWS_WITH(check_full_training(config, task_in(folder, data)),
                    Contains("start_resolution"));
}

TEST_CASE("A training starts from weights, keeps frozen ones and gets a new head") {
  FullTrainingConfig config = everything();
  config.training.epochs = 1;
  config.training.ema_decay = 0;
  config.start_resolution = 0;
  const Dataset data = fractals(config);
  const TempFolder folder;
  NetworkModule earlier(lower(small_architecture(7)), 99);  // of seven classes
  save_weights(*earlier, folder / "start.safetensors");
  config.start.weights = folder / "start.safetensors";
  config.start.freeze = {{"stem.*"}};
  const FullTrainingTask task = task_in(folder, data);
  check_full_training(config, task);
  REQUIRE(train_fully(config, data, task, {}).status == TrialStatus::kComplete);
  const auto before = load_safetensors(config.start.weights).tensors;
  const auto after = load_safetensors(folder / kLastWeightsFile).tensors;
  for (const auto& [name, tensor] : before) {
    INFO(name);
    if (name.starts_with("stem.")) CHECK(after.at(name).equal(tensor));
  }
  CHECK_FALSE(after.at("head.conv.weight").equal(before.at("head.conv.weight")));
  CHECK(after.at("classifier.weight").size(0) == 3);

  config.start.freeze = {{"stm.*"}};
  CHECK_THROWS_WITH(check_full_training(config, task),
                    Contains("start.freeze") && Contains("stem.*"));
}
