#include "accuracy/surrogate/fitted.h"

#include "core/error.h"
#include "core/logging.h"
#include "core/units.h"

namespace ridgeline {
namespace {

FittedSurrogate load_surrogate(const std::string& path) {
  try {
    return FittedSurrogate::load(path);
  } catch (const Error& error) {
    throw Error(error.kind(), std::string("accuracy.surrogate: ") + error.what());
  }
}

}  // namespace

FittedSurrogateEvaluator::FittedSurrogateEvaluator(const std::string& path)
    : path_(path), surrogate_(load_surrogate(path)) {
  spdlog::info("accuracy: surrogate {}: {}", path_, surrogate_.description());
}

FittedSurrogateEvaluator::~FittedSurrogateEvaluator() {
  if (far_ > 1)
    spdlog::warn("{} of {} networks lay far outside the data of the surrogate {}", far_.load(),
                 asked_.load(), path_);
}

Evaluation FittedSurrogateEvaluator::evaluate(const TrialSpec& spec) {
  if (!spec.weights_path.empty()) {
    throw Error(ErrorKind::kConfig,
                "accuracy.kind surrogate trains no network, so there are no weights to save: use "
                "kind proxy");
  }
  Evaluation result;
  try {
    const SurrogatePrediction prediction = surrogate_.predict(spec.architecture);
    result.accuracy = prediction.accuracy;
    ++asked_;
    if (prediction.place == Place::kFarOutside && ++far_ == 1) {
      spdlog::warn(
          "trial {} lies far outside the data of the surrogate {}: its accuracy is a guess, {} +- "
          "{}; later ones are counted",
          spec.trial_id, path_, format_percent(prediction.accuracy),
          format_percent(prediction.deviation));
    }
  } catch (const Error& error) {
    result.status = TrialStatus::kInvalid;
    result.message = std::string("accuracy.surrogate: ") + error.what();
  }
  return result;
}

void FittedSurrogateEvaluator::require(const SearchSpace& space) const {
  try {
    surrogate_.require(space);
  } catch (const Error& error) {
    throw Error(error.kind(), "accuracy.surrogate: " + path_ + ": " + error.what());
  }
}

}  // namespace ridgeline
