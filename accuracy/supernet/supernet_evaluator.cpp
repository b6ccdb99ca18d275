#include "accuracy/supernet/supernet_evaluator.h"

#include "accuracy/training/batch_norm.h"
#include "accuracy/training/score.h"
#include "core/error.h"
#include "runtime/device.h"
#include "search_space/search_space.h"

namespace ridgeline {

SupernetEvaluator::SupernetEvaluator(const AccuracyConfig& config)
    : ProxyEvaluator(config), weights_file_(config.supernet.weights) {
  const auto require_one = [](int value, const std::string& key) {
    if (value == 1) return;
    throw Error(ErrorKind::kConfig, "accuracy.training." + key + ": is " + std::to_string(value) +
                                        ", must be 1 with accuracy.kind supernet: the shared "
                                        "weights are trained by one process, whole batches at a "
                                        "time");
  };
  require_one(config.training.processes, "processes");
  require_one(config.training.accumulate, "accumulate");
}

void SupernetEvaluator::require(const SearchSpace& space) const {
  if (!space.is_plain()) return;
  throw Error(ErrorKind::kConfig,
              "accuracy.kind: supernet needs networks that can share weights, "
              "and space " +
                  space.name() +
                  " is plain decisions, which have none; valid: table, "
                  "surrogate");
}

const SharedWeights& SupernetEvaluator::weights() const {
  if (!weights_) {
    if (weights_file_.empty()) {
      throw Error(ErrorKind::kConfig,
                  "accuracy.supernet.weights: needs the file of the shared weights; a run trains "
                  "them and names it");
    }
    weights_ = SharedWeights::load(weights_file_);
    place(*weights_, device_from_text(training().device));
  }
  return *weights_;
}

Evaluation SupernetEvaluator::train_and_score(const TrialSpec& spec) const {
  if (spec.alone || spec.test_split || spec.epochs > 0)
    return ProxyEvaluator::train_and_score(spec);
  const Architecture& architecture = spec.architecture;
  NetworkModule module = weights().network(architecture, /*seed=*/0);
  const auto maker = [&](const ImageSet& images) {
    return BatchMaker(images, normalization_of(data().train), architecture.input_channels,
                      architecture.resolution);
  };
  // Not of the trial's id: the same network scores the same.
  retake_batch_norm_statistics(module, maker(data().train), training(), {spec.seed, 0});
  Evaluation result = score(module, maker(data().validation), training());
  if (result.status == TrialStatus::kComplete)
    result.metrics.push_back({0, "validation_accuracy", result.accuracy});
  return result;
}

}  // namespace ridgeline
