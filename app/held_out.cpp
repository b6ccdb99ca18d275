#include "app/held_out.h"

#include "accuracy/training/score.h"
#include "core/logging.h"
#include "export/inference/evaluate.h"
#include "runtime/weights.h"

namespace ridgeline {
namespace {

constexpr int kBatch = 64;

ImageSet held_out_images(const DataConfig& config, int& classes) {
  const Dataset data = load_dataset(config);
  classes = data.classes;
  const ImageSet& images = data.test.size() > 0 ? data.test : data.validation;
  if (images.size() <= kMostHeldOutImages) return images;
  return select(images,
                balanced_subset(images.labels, data.classes, kMostHeldOutImages, /*seed=*/1));
}

std::optional<double> score_of_file(const std::filesystem::path& file, const ImageSet& images,
                                    int classes, const TrainedNetwork& network) {
  try {
    const auto classifier = open_classifier(file, /*threads=*/1);
    const Shape shape = network.source.network().input_shape();
    // The normalization of the file, or beside it where it records one.
    ModelInput input = classifier->input();
    if (!input.images.normalization) input.images.normalization = network.normalization;
    const Normalization used =
        normalization_for(input, std::nullopt, static_cast<int>(shape.channels));
    const BatchMaker maker(images, used, static_cast<int>(shape.channels),
                           static_cast<int>(shape.height));
    return evaluate(*classifier, maker, classes, kBatch).scores.top1();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kUnchecked) throw;
    return std::nullopt;
  }
}

}  // namespace

std::optional<HeldOutScore> held_out_score(const DataConfig& data, const TrainedNetwork& network) {
  int classes = 0;
  ImageSet images;
  try {
    images = held_out_images(data, classes);
  } catch (const Error& error) {
    spdlog::warn("the exported files are not scored on images: {}", error.what());
    return std::nullopt;
  }
  NetworkModule module(network.source.network(), /*seed=*/1);
  load_weights(*module, network.weights);
  const Shape& shape = module->network().input_shape();
  const BatchMaker maker(images, network.normalization, static_cast<int>(shape.channels),
                         static_cast<int>(shape.height));
  return HeldOutScore{.network = score(module, maker, TrainingConfig{}).accuracy,
                      .images = images.size(),
                      .of_file = [=](const std::filesystem::path& file) {
                        return score_of_file(file, images, classes, network);
                      }};
}

}  // namespace ridgeline
