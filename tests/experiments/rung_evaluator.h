#pragma once

#include <cmath>
#include <map>
#include <vector>

#include "core/random.h"
#include "experiments/early_stopping.h"
#include "tests/experiments/small_run.h"

namespace ridgeline::test {

/// Another evaluator's accuracy as the end of a learning curve, which can be left at an epoch.
/// Curves of different networks cross.
class RungEvaluator : public AccuracyEvaluator {
 public:
  RungEvaluator(AccuracyEvaluator& inner, int epochs) : inner_(inner), epochs_(epochs) {}

  Evaluation evaluate(const TrialSpec& spec) override {
    Evaluation result = inner_.evaluate(spec);
    const double final_accuracy = result.accuracy;
    const int last = spec.stop_after_epoch > 0 ? spec.stop_after_epoch : epochs_;
    RandomStream stream(hash_text(to_yaml(spec.architecture)), 0, "curve");
    const double speed = 0.2 + stream.uniform();
    for (int epoch = 1; epoch <= last; ++epoch) {
      const double share =
          std::min(1.0, (1 - std::exp(-speed * epoch)) / (1 - std::exp(-speed * epochs_)));
      result.accuracy = final_accuracy * share;
      result.metrics.push_back({epoch, "validation_accuracy", result.accuracy});
    }
    result.seconds = last - trained[spec.trial_id];
    if (last < epochs_) result.status = TrialStatus::kStopped;
    epochs_asked.push_back({spec.trial_id, last});
    trained[spec.trial_id] = last;
    return result;
  }

  std::vector<std::pair<uint64_t, int>> epochs_asked;
  std::map<uint64_t, int> trained;  // epochs, by trial

 private:
  AccuracyEvaluator& inner_;
  int epochs_;
};

constexpr int kRungEpochs = 9;

/// Rungs after 1 and 3 of 9 epochs.
inline ExperimentConfig rung_config(const std::string& changes = "") {
  auto config = small_config(
      "search.batch=6;search.early_stopping.kind=asha;search.early_stopping.reduction=3;"
      "search.early_stopping.min_epochs=1" +
      (changes.empty() ? "" : ";" + changes));
  config.accuracy.training.epochs = kRungEpochs;
  return config;
}

}  // namespace ridgeline::test
