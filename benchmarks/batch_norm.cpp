// How the momentum of batch norm decides what a short training measures, and what is left of that
// once the statistics are taken anew before scoring.
// Usage: bench_batch_norm [NETWORKS [EPOCHS [FOLDER]]], by default 20, 2 and ../shared/data/images
// (the folder of signdigits32)

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "accuracy/training/batch_norm.h"
#include "accuracy/training/score.h"
#include "accuracy/training/trainer.h"
#include "core/config_path.h"
#include "core/rank_correlation.h"
#include "runtime/device.h"
#include "search_space/search_space.h"

namespace ridgeline {
namespace {

constexpr double kMomenta[] = {0.01, 0.1};

/// Accuracies of one network: by the running statistics of the training, and by new ones.
struct Scores {
  double running = 0, retaken = 0;
  double epoch_s = 0, retaking_s = 0;
};

double seconds_of(const std::function<void()>& action) {
  const auto start = std::chrono::steady_clock::now();
  action();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

DataConfig signdigits(const std::string& folder) {
  DataConfig data;
  data.kind = DataKind::kIdx;
  data.path = folder;
  data.idx.train_images = "signdigits32_train_images.idx.gz";
  data.idx.train_labels = "signdigits32_train_labels.idx.gz";
  return data;
}

Scores scores_of(const Architecture& architecture, const Dataset& data,
                 const TrainingConfig& config, uint64_t trial) {
  const Normalization normalization = normalization_of(data.train);
  const auto maker = [&](const ImageSet& images) {
    return BatchMaker(images, normalization, architecture.input_channels, architecture.resolution);
  };
  NetworkModule module(lower(architecture), derive_seed(1, trial, "weights"));
  place(*module, device_from_text(config.device));
  Scores scores;
  scores.epoch_s = seconds_of([&] {
    train(module, maker(data.train), config, {.epochs = config.epochs, .seed = {1, trial}});
  });
  scores.epoch_s /= config.epochs;
  scores.running = score(module, maker(data.validation), config).accuracy;
  scores.retaking_s = seconds_of([&] {
    retake_batch_norm_statistics(module, maker(data.train), config, {1, trial});
  });
  scores.retaken = score(module, maker(data.validation), config).accuracy;
  return scores;
}

void compare(int networks, int epochs, const std::string& folder) {
  set_threads(1);
  const Dataset data = load_dataset(signdigits(folder));
  const SearchSpace space = SearchSpace::load(find_config("spaces", "tiny"));
  TrainingConfig config;
  config.epochs = epochs;
  std::printf("%d training and %d validation images, %d epochs of %d steps\n", data.train.size(),
              data.validation.size(), epochs, data.train.size() / config.batch);
  std::printf("%-8s %16s %16s %16s %16s\n", "network", "0.01 running", "0.1 running",
              "0.01 retaken", "0.1 retaken");
  std::vector<double> running[2], retaken[2];
  double epochs_s = 0, retaking_s = 0;
  for (int i = 0; i < networks; ++i) {
    RandomStream stream(1, static_cast<uint64_t>(i), "network");
    Architecture architecture = space.decode(random_genotype(space.decisions(), stream));
    architecture.classes = data.classes;
    architecture.input_channels = data.train.channels;
    for (size_t m = 0; m < 2; ++m) {
      architecture.bn_momentum = kMomenta[m];
      const Scores scores = scores_of(architecture, data, config, static_cast<uint64_t>(i));
      running[m].push_back(scores.running);
      retaken[m].push_back(scores.retaken);
      epochs_s += scores.epoch_s;
      retaking_s += scores.retaking_s;
    }
    std::printf("%-8d %15.1f%% %15.1f%% %15.1f%% %15.1f%%\n", i, 100 * running[0].back(),
                100 * running[1].back(), 100 * retaken[0].back(), 100 * retaken[1].back());
    std::fflush(stdout);
  }
  std::printf("Kendall of the rankings at 0.01 and 0.1: running statistics %.2f, retaken %.2f\n",
              kendall(running[0], running[1]), kendall(retaken[0], retaken[1]));
  std::printf("Kendall with the retaken ranking: running at 0.01 %.2f, at 0.1 %.2f\n",
              kendall(running[0], retaken[0]), kendall(running[1], retaken[1]));
  std::printf("taking the statistics anew took %.1f %% of the time of an epoch\n",
              100 * retaking_s / epochs_s);
}

}  // namespace
}  // namespace ridgeline

int main(int argc, char** argv) {
  ridgeline::compare(argc > 1 ? std::atoi(argv[1]) : 20, argc > 2 ? std::atoi(argv[2]) : 2,
                     argc > 3 ? argv[3] : "../shared/data/images");
}
