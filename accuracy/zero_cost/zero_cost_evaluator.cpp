#include "accuracy/zero_cost/zero_cost_evaluator.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "core/error.h"
#include "core/parallel.h"
#include "core/random.h"
#include "search_space/search_space.h"

namespace ridgeline {

ZeroCostEvaluator::ZeroCostEvaluator(const AccuracyConfig& config)
    : config_(config.zero_cost), scorer_(config.data, config.zero_cost.batch) {}

ZeroCostEvaluator::Scale ZeroCostEvaluator::scale_of(const SearchSpace& space) const {
  RandomStream stream(1, 0, "zero-cost reference");
  std::vector<Architecture> networks;
  for (int i = 0; i < config_.reference; ++i) {
    networks.push_back(space.decode(random_genotype(space.decisions(), stream)));
    networks.back().classes = classes();
    networks.back().input_channels = channels();
    if (space.leaves_open(kResolutionField)) networks.back().resolution = resolution();
  }
  std::vector<double> values(networks.size());
  parallel_for(networks.size(), [&](size_t i) {
    values[i] = on_log_scale(config_.score, scorer_.score(config_.score, networks[i]));
  });
  std::erase_if(values, [](double value) { return !std::isfinite(value); });
  std::sort(values.begin(), values.end());
  const auto at = [&](double share) {
    return values[static_cast<size_t>(share * static_cast<double>(values.size() - 1))];
  };
  if (values.empty() || at(0.84) == at(0.16)) {
    throw Error(ErrorKind::kConfig, "accuracy.zero_cost.score: " + enum_name(config_.score) +
                                        " does not tell networks of the space " + space.name() +
                                        " apart; choose another score");
  }
  return {at(0.5), 0.5 * (at(0.84) - at(0.16))};
}

void ZeroCostEvaluator::require(const SearchSpace& space) const { scale_ = scale_of(space); }

Evaluation ZeroCostEvaluator::evaluate(const TrialSpec& spec) {
  if (!scale_) {
    throw Error(ErrorKind::kConfig,
                "accuracy.kind: zero_cost needs a space, whose networks set its scale");
  }
  if (!spec.weights_path.empty()) {
    throw Error(ErrorKind::kConfig,
                "accuracy kind zero_cost trains no network, so it has no weights to save");
  }
  const auto start = std::chrono::steady_clock::now();
  const double value = scorer_.score(config_.score, spec.architecture);
  Evaluation result;
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const std::string name = enum_name(config_.score);
  if (std::isnan(value)) {
    result.status = TrialStatus::kDiverged;
    result.message = "the score " + name + " is not a number";
    return result;
  }
  const double z = (on_log_scale(config_.score, value) - scale_->median) / scale_->spread;
  result.accuracy = 1.0 / (1.0 + std::exp(-z));
  if (std::isfinite(value)) result.metrics = {{1, name, value}};
  return result;
}

}  // namespace ridgeline
