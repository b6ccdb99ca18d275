#include "accuracy/training/data_parallel.h"

#include <ATen/ATen.h>

#include <cmath>
#include <future>
#include <limits>

#include "accuracy/training/score.h"
#include "accuracy/training/trainer.h"
#include "runtime/device.h"
#include "tests/accuracy/small_networks.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;
using Catch::Contains;

namespace {

struct Trained {
  std::vector<at::Tensor> tensors;  // parameters, then buffers
  double loss = 0;
};

Trained train_one(const Network& network, const TrainingConfig& config, RankGroup* ranks) {
  const Dataset data = few_fractals();
  const BatchMaker maker(data.train, normalization_of(data.train), 3, 16);
  NetworkModule module(network, 7);
  place(*module, device_from_text(config.device));
  Trained result;
  result.loss = train(module, maker, config, {.epochs = 2, .seed = {3, 4}, .ranks = ranks}).loss;
  for (const auto& parameter : module->parameters()) result.tensors.push_back(parameter.cpu());
  for (const auto& buffer : module->buffers()) result.tensors.push_back(buffer.cpu());
  return result;
}

/// Every rank is a thread with its own group: c10d keeps nothing per process.
std::vector<Trained> train_together(const Network& network, const TrainingConfig& config,
                                    int ranks) {
  TempFolder folder;
  std::vector<std::future<Trained>> running;
  for (int rank = 0; rank < ranks; ++rank) {
    running.push_back(std::async(std::launch::async, [&, rank] {
      RankGroup group({.rank = rank, .size = ranks, .rendezvous = folder / "rendezvous"});
      return train_one(network, config, &group);
    }));
  }
  std::vector<Trained> results;
  for (auto& one : running) results.push_back(one.get());
  CHECK_FALSE(std::filesystem::exists(folder / "rendezvous"));
  return results;
}

double largest_difference(const Trained& a, const Trained& b) {
  double result = std::abs(a.loss - b.loss);
  for (size_t i = 0; i < a.tensors.size(); ++i) {
    result = std::max(result, (a.tensors[i] - b.tensors[i]).abs().max().item<double>());
  }
  return result;
}

bool same_bits(const Trained& a, const Trained& b) {
  bool same = a.loss == b.loss && a.tensors.size() == b.tensors.size();
  for (size_t i = 0; same && i < a.tensors.size(); ++i) same = a.tensors[i].equal(b.tensors[i]);
  return same;
}

/// 60 images in batches of 20: six steps with all that could tell a whole batch from its parts.
TrainingConfig short_training() {
  TrainingConfig config;
  config.batch = 20;
  config.learning_rate = 0.02;
  config.flip = true;
  config.crop_padding = 2;
  config.gradient_clip = 1.0;
  config.ema_decay = 0.9;
  config.device = test_device();
  return config;
}

/// Batch norm, dropout, drop-connect, and a stage that lives in four times as many images.
Network network_with_everything() {
  Architecture a = small_architecture(3);
  a.stages[0].layers = 2;
  a.stages[0].activation = ActivationKind::kSwish;
  Stage blocked = a.stages[0];
  blocked.stride = 1;
  blocked.reshape = Reshape::kSpaceToBatch;
  a.stages.push_back(blocked);
  a.drop_connect = 0.3;
  return lower(a);
}

Network network_without_batch_norm() {
  NetworkBuilder builder("plain", {3, 16, 16});
  Conv2d conv;
  conv.out_channels = 8;
  conv.kernel_h = conv.kernel_w = 3;
  conv.stride = 2;
  conv.bias = true;
  int node = builder.add("conv", conv, {0});
  node = builder.add("act", Activation{ActivationKind::kSwish}, {node});
  node = builder.add("pool", GlobalAveragePool{}, {node});
  node = builder.add("drop", Dropout{0.2}, {node});
  builder.add("classifier", Linear{.out_features = 3, .bias = true}, {node});
  return std::move(builder).build();
}

}  // namespace

TEST_CASE("Slices of a batch cover it once, and differ by one image at most") {
  for (const int total : {4, 5, 7, 32}) {
    for (const int size : {1, 2, 3, 4}) {
      int next = 0;
      for (int rank = 0; rank < size; ++rank) {
        const BatchSlice slice = slice_of(total, rank, size);
        CHECK(slice.begin == next);
        CHECK(slice.count >= total / size);
        CHECK(slice.count <= total / size + 1);
        next += slice.count;
      }
      CHECK(next == total);
    }
  }
}

TEST_CASE("Ranks with synchronised batch norm end with the weights of one process") {
  const Network network = network_with_everything();
  const Trained alone = train_one(network, short_training(), nullptr);
  // 20 images on 3 ranks: 7, 7 and 6.
  for (const int ranks : {2, 3}) {
    const auto together = train_together(network, short_training(), ranks);
    CHECK(largest_difference(together[0], alone) < rounding(1e-5, 1e-3));
    for (const auto& other : together) CHECK(same_bits(other, together[0]));
  }
}

TEST_CASE("Without batch norm, both kinds of statistics end with the weights of one process") {
  const Network network = network_without_batch_norm();
  TrainingConfig config = short_training();
  const Trained alone = train_one(network, config, nullptr);
  for (const auto statistics : {BatchNormStatistics::kSynchronised, BatchNormStatistics::kLocal}) {
    config.batch_norm_statistics = statistics;
    for (const auto& one : train_together(network, config, 3)) {
      CHECK(largest_difference(one, alone) < rounding(1e-5, 1e-3));
    }
  }
}

TEST_CASE("Local statistics are another training, with equal weights on all ranks") {
  const Network network = network_with_everything();
  TrainingConfig config = short_training();
  config.ema_decay = 0;
  config.batch_norm_statistics = BatchNormStatistics::kLocal;
  const auto together = train_together(network, config, 2);
  CHECK(largest_difference(together[0], train_one(network, config, nullptr)) > 1e-3);
  NetworkModule module(network, 7);
  for (size_t i = 0; i < module->parameters().size(); ++i) {
    CHECK(together[0].tensors[i].equal(together[1].tensors[i]));
  }
}

TEST_CASE("Two trainings with the same ranks give the same bits") {
  const Network network = network_with_everything();
  CHECK(same_bits(train_together(network, short_training(), 2)[0],
                  train_together(network, short_training(), 2)[0]));
}

TEST_CASE("Every rank sees a loss that is no number on any of them") {
  TrainingConfig config = short_training();
  config.learning_rate = 1e30;
  config.gradient_clip = 0;
  TempFolder folder;
  const auto outcome = [&](int rank) {
    RankGroup group({.rank = rank, .size = 2, .rendezvous = folder / "rendezvous"});
    const Dataset data = few_fractals();
    const BatchMaker maker(data.train, normalization_of(data.train), 3, 16);
    NetworkModule module(network_without_batch_norm(), 7);
    place(*module, device_from_text(config.device));
    return train(module, maker, config, {.epochs = 5, .seed = {3, 4}, .ranks = &group});
  };
  auto other = std::async(std::launch::async, outcome, 1);
  const Evaluation first = outcome(0), second = other.get();
  CHECK(first.status == TrialStatus::kDiverged);
  CHECK(second.message == first.message);
}

TEST_CASE("Ranks that score together get what one process gets") {
  DataConfig config;
  config.classes = 3;
  config.fractal.image_size = 16;
  config.fractal.train_per_class = 200;  // 600 images: three batches for two ranks
  const Dataset data = generate_fractals(config);
  const BatchMaker maker(data.train, normalization_of(data.train), 3, 16);
  const auto score_of = [&](RankGroup* ranks) {
    NetworkModule module(network_with_everything(), 7);
    return score(module, maker, TrainingConfig{}, ranks).accuracy;
  };
  TempFolder folder;
  std::vector<std::future<double>> running;
  for (int rank = 0; rank < 2; ++rank) {
    running.push_back(std::async(std::launch::async, [&, rank] {
      RankGroup group({.rank = rank, .size = 2, .rendezvous = folder / "rendezvous"});
      return score_of(&group);
    }));
  }
  const double alone = score_of(nullptr);
  for (auto& one : running) CHECK(one.get() == alone);
}

TEST_CASE("A batch must have an image for every rank") {
  TrainingConfig config = short_training();
  config.batch = 2;
  CHECK_THAT(error_of([&] { train_together(network_without_batch_norm(), config, 3); }),
             Contains("processes: 3 is more than the 2 images of a batch"));
}

TEST_CASE("A rank that leaves, hangs or never comes is an error on the others, not a hang") {
  TempFolder folder;
  const auto join = [&](int rank) {
    return RankPlace{
        .rank = rank, .size = 2, .rendezvous = folder / "rendezvous", .time_limit_s = 0.5};
  };
  CHECK_THROWS_AS(RankGroup(join(0)), RankLost);  // the other never comes
  std::filesystem::remove(folder / "rendezvous");
  std::promise<void> seen;
  auto silent = std::async(std::launch::async, [&] {
    RankGroup group(join(1));
    seen.get_future().wait();  // joins, then says nothing
  });
  {
    RankGroup group(join(0));
    at::Tensor value = at::ones({3});
    CHECK_THROWS_AS(group.sum(value), RankLost);
  }
  seen.set_value();
  silent.get();
  auto leaver = std::async(std::launch::async, [&] { RankGroup group(join(1)); });
  RankGroup group(join(0));
  leaver.get();
  at::Tensor value = at::ones({3});
  CHECK_THROWS_AS(group.sum(value), RankLost);
}
