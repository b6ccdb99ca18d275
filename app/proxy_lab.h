#pragma once

#include <array>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "app/proxy_commands.h"
#include "core/progress.h"
#include "experiments/proxy/folder.h"
#include "experiments/proxy/trainings.h"

namespace ridgeline {

/// An experiment whose networks are trained to judge its proxy.
class ProxyLab {
 public:
  /// Opens the folder, reads the data and chooses the networks. Throws `kConfig` for an experiment
  /// that trains nothing, and as `ProxyFolder::open` and `spread_networks`.
  ProxyLab(const ExperimentConfig& config, const ProxyTrainingOptions& options);

  ProxyParts parts();
  ProxyFolder& folder() { return folder_; }
  const std::vector<CandidateNetwork>& networks() const { return networks_; }

  /// Says what `plans`, recipes and how often each network is trained by it, will take, from one
  /// epoch of the median network; and begins a progress bar of so many trainings.
  void say_cost(const std::vector<std::pair<ProxyRecipe, int>>& plans);
  /// Trainings that run at the same time.
  int at_a_time() const;
  /// Removes what only running trainings need.
  void clean_up();

 private:
  /// What trains under one reduction.
  struct Bench {
    std::unique_ptr<ExperimentConfig> config;
    std::unique_ptr<AccuracyEvaluator> evaluator;
    std::unique_ptr<Executor> executor;
    std::unique_ptr<TrialRunner> runner;
  };

  Bench& bench(const ReductionConfig& reduction,
               std::unique_ptr<AccuracyEvaluator> evaluator = nullptr);
  void finished(const Evaluation& evaluation);

  ExperimentConfig config_;
  ProxyFolder folder_;
  std::vector<CandidateNetwork> networks_;
  std::map<std::array<double, 3>, Bench> benches_;
  std::unique_ptr<ProgressBar> bar_;
  int total_ = 0, done_ = 0;
};

}  // namespace ridgeline
