#include <ATen/ATen.h>

#include <future>

#include "accuracy/training/trainer.h"
#include "core/error.h"
#include "core/file.h"
#include "tests/accuracy/small_networks.h"
#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using namespace ridgeline::test;

namespace {

constexpr int kSteps = 9;  // 60 images in batches of 20, three epochs

struct Outcome {
  bool finished = false;
  int steps = 0;  // of this life
  double loss = 0;
  std::vector<at::Tensor> tensors;
  std::vector<std::pair<int, double>> curve = {};  // epoch, training loss
};

/// All that has a state: momentum, averages, dropout, drop-connect, crops, flips.
TrainingConfig training_with_everything(OptimizerKind optimizer) {
  TrainingConfig config;
  config.batch = 20;
  config.optimizer = optimizer;
  config.learning_rate = 0.01;
  config.flip = true;
  config.crop_padding = 2;
  config.ema_decay = 0.9;
  return config;
}

/// One life of a training in a process of its own: it stops after `stop_after` steps.
Outcome live(const TrainingConfig& config, CheckpointPlan plan, int stop_after,
             RankGroup* ranks = nullptr) {
  Architecture architecture = small_architecture(3);
  architecture.stages[0].layers = 2;
  architecture.drop_connect = 0.3;
  const Dataset data = few_fractals();
  const BatchMaker maker(data.train, normalization_of(data.train), 3, 16);
  NetworkModule module(lower(architecture), 7);
  Outcome outcome;
  plan.stop_asked = [&] { return ++outcome.steps == stop_after; };
  try {
    const Evaluation trained = train(
        module, maker, config, {.epochs = 3, .seed = {3, 4}, .ranks = ranks, .checkpoint = plan});
    outcome.loss = trained.loss;
    for (const Metric& metric : trained.metrics) {
      if (metric.name == "train_loss") outcome.curve.emplace_back(metric.epoch, metric.value);
    }
    outcome.finished = true;
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::kInterrupted);
  }
  outcome.tensors = module->parameters();
  for (const auto& buffer : module->buffers()) outcome.tensors.push_back(buffer);
  return outcome;
}

bool same_bits(const Outcome& a, const Outcome& b) {
  bool same = a.finished && b.finished && a.loss == b.loss && a.curve.size() == 3 &&
              a.curve == b.curve && a.tensors.size() == b.tensors.size();
  for (size_t i = 0; same && i < a.tensors.size(); ++i) same = a.tensors[i].equal(b.tensors[i]);
  return same;
}

}  // namespace

TEST_CASE(
    "A training that is broken off again and again ends with the bits of an undisturbed one") {
  for (const auto optimizer :
       {OptimizerKind::kSgd, OptimizerKind::kRmsProp, OptimizerKind::kAdam, OptimizerKind::kLamb}) {
    TempFolder folder;
    const TrainingConfig config = training_with_everything(optimizer);
    const Outcome undisturbed = live(config, {}, 0);
    const CheckpointPlan plan{.path = folder / "checkpoint", .identity = 1};
    // Within an epoch, at its end, and right after a start.
    for (const int steps : {2, 1, 3, 1}) {
      const Outcome part = live(config, plan, steps);
      CHECK_FALSE(part.finished);
      CHECK(part.steps == steps);
    }
    const Outcome last = live(config, plan, 0);
    CHECK(last.steps == kSteps - 7);
    CHECK(same_bits(last, undisturbed));
  }
}

TEST_CASE("A checkpoint is written each time its period is over, without being asked") {
  TempFolder folder;
  const TrainingConfig config = training_with_everything(OptimizerKind::kSgd);
  const CheckpointPlan plan{.path = folder / "checkpoint", .identity = 1, .every_s = 1e-9};
  const Outcome whole = live(config, plan, 0);
  CHECK(whole.steps == kSteps);
  // The last one was written after the last step: nothing is left to do but to finish.
  const Outcome again = live(config, plan, 0);
  CHECK(again.steps == 0);
  CHECK(same_bits(again, whole));
}

TEST_CASE("A checkpoint that is damaged or of another training is not taken up") {
  TempFolder folder;
  const TrainingConfig config = training_with_everything(OptimizerKind::kSgd);
  const Outcome undisturbed = live(config, {}, 0);
  const CheckpointPlan plan{.path = folder / "checkpoint", .identity = 1};
  live(config, plan, 4);
  const std::string sound = read_file(plan.path);
  const auto starts_over = [&](const CheckpointPlan& with) {
    const Outcome outcome = live(config, with, 0);
    return outcome.steps == kSteps && same_bits(outcome, undisturbed);
  };
  for (const size_t place :
       {size_t{0}, size_t{9}, size_t{14}, sound.size() / 2, sound.size() - 1}) {
    std::string damaged = sound;
    damaged[place] = static_cast<char>(damaged[place] ^ 4);
    write_file_atomic(plan.path, damaged);
    CHECK(starts_over(plan));
  }
  for (const size_t length : {size_t{0}, size_t{5}, sound.size() / 2, sound.size() - 1}) {
    write_file_atomic(plan.path, sound.substr(0, length));
    CHECK(starts_over(plan));
  }
  write_file_atomic(plan.path, sound);
  CHECK(starts_over({.path = plan.path, .identity = 2}));
  CHECK(live(config, plan, 0).steps == kSteps - 4);
}

TEST_CASE("A checkpoint that cannot be written costs the checkpoint, not the training") {
  TempFolder folder;
  const TrainingConfig config = training_with_everything(OptimizerKind::kSgd);
  const CheckpointPlan plan{.path = folder / "absent/checkpoint", .identity = 1, .every_s = 1e-9};
  CHECK(same_bits(live(config, plan, 0), live(config, {}, 0)));
}

TEST_CASE("Ranks go on together from the checkpoint of rank 0, or all start over") {
  TempFolder folder;
  TrainingConfig config = training_with_everything(OptimizerKind::kSgd);
  const CheckpointPlan plan{.path = folder / "checkpoint", .identity = 1};
  // Every rank is a thread with its own group; only rank 0 is asked to stop.
  const auto together = [&](const CheckpointPlan& other_plan, int stop_after) {
    const auto join = [&](int rank) {
      return RankPlace{
          .rank = rank, .size = 2, .rendezvous = folder / "rendezvous", .time_limit_s = 10};
    };
    auto other = std::async(std::launch::async, [&] {
      RankGroup group(join(1));
      try {
        return live(config, other_plan, 0, &group);
      } catch (const RankLost&) {
        return Outcome{};
      }
    });
    std::optional<RankGroup> group(std::in_place, join(0));
    const Outcome first = live(config, plan, stop_after, &*group);
    group.reset();
    return std::pair{first, other.get()};
  };
  const auto undisturbed = together(plan, 0);
  CHECK_FALSE(std::filesystem::exists(plan.path));
  CHECK_FALSE(together(plan, 4).first.finished);
  const auto blind = together({.path = folder / "elsewhere", .identity = 1}, 0);
  CHECK(blind.first.steps == kSteps);
  CHECK(same_bits(blind.second, undisturbed.second));
  const auto resumed = together(plan, 0);
  CHECK(resumed.first.steps == kSteps - 4);
  CHECK(same_bits(resumed.first, undisturbed.first));
  CHECK(same_bits(resumed.second, undisturbed.second));
}
