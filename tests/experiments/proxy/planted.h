#pragma once

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/config_path.h"
#include "experiments/executors/in_process_executor.h"
#include "experiments/proxy/networks.h"
#include "experiments/proxy/trainings.h"
#include "experiments/store/store.h"
#include "tests/support.h"

namespace ridgeline::test {

inline ExperimentConfig planted_config() {
  ExperimentConfig config;
  config.seed = 3;
  config.accuracy.training.epochs = 2;
  config.space = YAML::Load(R"(
name: planted
resolution: 32
classes: 10
stem: {filters: [8, 16]}
stages:
  - {kernel: [3, 5], filters: [8, 16, 24], layers: [1, 2], stride: 2}
  - {kernel: [3, 5], filters: [16, 24, 32], expansion: [1, 4], stride: 2}
head: {filters: [32, 64]}
)");
  return config;
}

/// Trains nothing: accuracy rises with the multiply-adds, plus noise of the trial that is smaller
/// the more work a training is. Counts what it is asked.
class PlantedEvaluator : public AccuracyEvaluator {
 public:
  PlantedEvaluator(const ReductionConfig& reduction, int& trainings, int limit)
      : reduction_(reduction), trainings_(trainings), limit_(limit) {}
  Evaluation evaluate(const TrialSpec& spec) override {
    if (trainings_ == limit_) throw Error(ErrorKind::kInterrupted, "stopped");
    ++trainings_;
    const double work = spec.epochs * reduction_.images * reduction_.resolution *
                        reduction_.resolution * reduction_.width * reduction_.width;
    const double size = std::log10(static_cast<double>(cost(lower(spec.architecture)).total.madds));
    RandomStream stream(spec.seed, spec.trial_id, "planted noise");
    Evaluation result;
    const double noise = 0.04 / work * stream.normal();
    result.seconds = work;
    for (int epoch = 1; epoch <= spec.epochs; ++epoch)
      result.metrics.push_back({epoch, "validation_accuracy", 0.1 * size - 0.2 / epoch + noise});
    result.accuracy = std::clamp(result.metrics.back().value, 0.0, 1.0);
    result.metrics.back().value = result.accuracy;
    return result;
  }

 private:
  ReductionConfig reduction_;
  int& trainings_;
  int limit_;
};

/// Networks and a store for trainings that are planted.
class PlantedLab {
 public:
  explicit PlantedLab(const std::filesystem::path& store, int networks = 24, int limit = -1)
      : store_(store), limit_(limit) {
    networks_ = spread_networks(CandidateBuilder(config.search_space()), config.seed, networks);
  }

  ProxyParts parts() {
    return {config, networks_, [this](const ReductionConfig& reduction) -> TrialRunner& {
              auto& bench = benches_[to_text(ProxyRecipe{1, reduction})];
              if (!bench) bench = std::make_unique<Bench>(reduction, trainings, limit_, store_);
              return bench->runner;
            }};
  }

  ExperimentConfig config = planted_config();
  int trainings = 0;

 private:
  struct Bench {
    Bench(const ReductionConfig& reduction, int& trainings, int limit, TrialStore& store)
        : evaluator(reduction, trainings, limit), executor(evaluator), runner(executor) {
      runner.record_in(store);
    }
    PlantedEvaluator evaluator;
    InProcessExecutor executor;
    TrialRunner runner;
  };

  TrialStore store_;
  int limit_;
  std::vector<CandidateNetwork> networks_;
  std::map<std::string, std::unique_ptr<Bench>> benches_;
};

}  // namespace ridgeline::test
