#include "experiments/early_stopping.h"

#include <algorithm>
#include <numeric>

#include "core/units.h"
#include "experiments/config.h"

namespace ridgeline {
namespace {

double median_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

}  // namespace

EarlyStopping::EarlyStopping(const EarlyStoppingConfig& config, int epochs)
    : config_(config), full_(epochs) {
  if (config.kind == EarlyStoppingKind::kNone) return;
  for (int64_t epoch = config.first_rung(epochs); epoch < epochs; epoch *= config.reduction)
    epochs_.push_back(static_cast<int>(epoch));
  values_.resize(epochs_.size());
}

int EarlyStopping::rung_at(int epoch) const {
  const auto found = std::find(epochs_.begin(), epochs_.end(), epoch);
  return found == epochs_.end() ? -1 : static_cast<int>(found - epochs_.begin());
}

void EarlyStopping::reached(int rung, uint64_t trial, const std::vector<double>& values) {
  const double sum = std::accumulate(values.begin(), values.end(), 0.0);
  values_.at(static_cast<size_t>(rung))[trial] = {values.back(),
                                                  *std::max_element(values.begin(), values.end()),
                                                  sum / static_cast<double>(values.size())};
}

std::string EarlyStopping::stops(int rung, uint64_t trial) const {
  return config_.kind == EarlyStoppingKind::kAsha ? below_best(rung, trial)
                                                  : below_median(rung, trial);
}

/// Of equal ones the earlier trial is the better.
std::string EarlyStopping::below_best(int rung, uint64_t trial) const {
  const auto& values = values_.at(static_cast<size_t>(rung));
  const double own = values.at(trial).last;
  const auto better = std::count_if(values.begin(), values.end(), [&](const auto& other) {
    return other.second.last > own || (other.second.last == own && other.first < trial);
  });
  const auto count = static_cast<int64_t>(values.size());
  const int64_t go_on = std::max<int64_t>(1, count / config_.reduction);
  if (better < go_on) return {};
  return "after epoch " + std::to_string(epoch_of(rung)) + " of " + std::to_string(full_) +
         ": its reward there, " + format_fixed(own, 5) + ", is number " +
         std::to_string(better + 1) + " of " + std::to_string(count) + ", and the best " +
         std::to_string(go_on) + " go on";
}

std::string EarlyStopping::below_median(int rung, uint64_t trial) const {
  const auto& values = values_.at(static_cast<size_t>(rung));
  std::vector<double> means;
  for (const auto& [id, value] : values) {
    if (id != trial && complete_.contains(id)) means.push_back(value.mean);
  }
  if (means.size() < static_cast<size_t>(config_.min_trials)) return {};
  const double median = median_of(std::move(means));
  const double own = values.at(trial).best;
  if (own >= median) return {};
  return "after epoch " + std::to_string(epoch_of(rung)) + " of " + std::to_string(full_) +
         ": its best reward so far, " + format_fixed(own, 5) +
         ", is below the median of the complete trials, " + format_fixed(median, 5);
}

int last_epoch(const Evaluation& evaluation) {
  int last = 0;
  for (const Metric& metric : evaluation.metrics) last = std::max(last, metric.epoch);
  return last;
}

std::vector<double> accuracies_of(const Evaluation& evaluation) {
  const int last = last_epoch(evaluation);
  std::vector<double> accuracies;
  for (const Metric& metric : evaluation.metrics) {
    if (metric.name == "validation_accuracy" && metric.epoch < last)
      accuracies.push_back(metric.value);
  }
  accuracies.push_back(evaluation.accuracy);
  return accuracies;
}

void check_early_stopping(const ExperimentConfig& config, const std::string& where) {
  const EarlyStoppingConfig& stopping = config.search.early_stopping;
  if (stopping.kind == EarlyStoppingKind::kNone) return;
  const std::string kind = "search.early_stopping.kind " + enum_name(stopping.kind);
  const auto fail = [&](const std::string& why) {
    throw Error(ErrorKind::kConfig, where + ": " + why);
  };
  if (config.accuracy.kind == AccuracyKind::kCommand) {
    fail(kind +
         " needs trainings that Ridgeline can leave at an epoch and continue from a checkpoint; "
         "a program of accuracy.kind command would train every rung from the beginning; valid: "
         "kind none, or accuracy.kind proxy");
  }
  if (config.accuracy.kind != AccuracyKind::kProxy) {
    fail(kind + " needs learning curves; accuracy.kind " + enum_name(config.accuracy.kind) +
         " trains nothing and has none; valid: kind none, or accuracy.kind proxy");
  }
  const int epochs = config.accuracy.training.epochs;
  if (stopping.first_rung(epochs) >= epochs) {
    fail("min_epochs is " + std::to_string(stopping.first_rung(epochs)) +
         ", but a trial has only accuracy.training.epochs: " + std::to_string(epochs) +
         "; valid: at most " + std::to_string(epochs - 1) +
         (epochs == 1 ? ", so none with one epoch" : ""));
  }
  if (config.runtime.trial_checkpoint_s <= 0) {
    fail(kind +
         " continues trials from their checkpoints; runtime.trial_checkpoint_s must be above 0");
  }
}

}  // namespace ridgeline
