#include "experiments/proxy/trainings.h"

#include "core/config.h"
#include "core/error.h"
#include "core/random.h"

namespace ridgeline {
namespace {

// An id is the recipe's hash, then the network, then the seed.
constexpr uint64_t kNetworkBits = 16, kSeedBits = 10, kRecipeBits = 36;

}  // namespace

std::string to_text(const ProxyRecipe& recipe) {
  const auto number = [](double value) { return ConfigWriter::plain_number(value); };
  std::string text = std::to_string(recipe.epochs) + (recipe.epochs == 1 ? " epoch" : " epochs");
  if (recipe.reduction.resolution != 1)
    text += ", resolution x " + number(recipe.reduction.resolution);
  if (recipe.reduction.width != 1) text += ", width x " + number(recipe.reduction.width);
  if (recipe.reduction.images != 1)
    text += ", " + number(recipe.reduction.images) + " of the images";
  return text;
}

TrialSpec spec_of(const ProxyTraining& training, const Architecture& architecture,
                  uint64_t experiment_seed) {
  const uint64_t recipe = hash_text(to_text(training.recipe)) & ((1ULL << kRecipeBits) - 1);
  TrialSpec spec;
  spec.architecture = architecture;
  spec.seed = experiment_seed;
  spec.trial_id = (recipe << (kNetworkBits + kSeedBits)) | (training.network << kSeedBits) |
                  static_cast<uint64_t>(training.seed);
  spec.epochs = training.recipe.epochs;
  return spec;
}

Trainings train_all(const ProxyParts& parts, const ProxyRecipe& recipe, int seeds) {
  TrialRunner& runner = parts.runner(recipe.reduction);
  const size_t total = parts.networks.size() * static_cast<size_t>(seeds);
  // Seed by seed, so that a check that is stopped early has all networks once first.
  for (int seed = 0; seed < seeds; ++seed) {
    for (size_t network = 0; network < parts.networks.size(); ++network)
      runner.submit(spec_of({recipe, network, seed}, parts.networks[network].architecture,
                            parts.config.seed));
  }
  Trainings trainings(parts.networks.size(), std::vector<Evaluation>(static_cast<size_t>(seeds)));
  for (size_t done = 0; done < total; ++done) {
    auto result = runner.next();
    if (!result) {
      throw Error(ErrorKind::kInterrupted, "stopped after " + std::to_string(done) + " of " +
                                               std::to_string(total) + " trainings of " +
                                               to_text(recipe));
    }
    if (parts.finished) parts.finished(result->evaluation);
    const uint64_t place = result->id & ((1ULL << (kNetworkBits + kSeedBits)) - 1);
    trainings[place >> kSeedBits][place & ((1ULL << kSeedBits) - 1)] =
        std::move(result->evaluation);
  }
  return trainings;
}

std::optional<double> accuracy_after(const Evaluation& evaluation, int epoch) {
  for (const Metric& metric : evaluation.metrics) {
    if (metric.epoch == epoch && metric.name == "validation_accuracy") return metric.value;
  }
  return std::nullopt;
}

}  // namespace ridgeline
