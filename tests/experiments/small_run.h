#pragma once

#include <memory>
#include <string>
#include <vector>

#include "controller/decorator.h"
#include "controller/policy/make_controller.h"
#include "core/file.h"
#include "experiments/config.h"
#include "experiments/executors/in_process_executor.h"
#include "experiments/search.h"
#include "experiments/store/store.h"
#include "latency/measurement/make_oracle.h"
#include "tests/support.h"

namespace ridgeline::test {

/// A search of 24 trials on a small space with the formula evaluator: runs in milliseconds.
inline ExperimentConfig small_config(const std::string& changes = "") {
  const std::string text = R"(
name: small
seed: 5
search: {trials: 24, batch: 4}
controller: {hidden: 8, embedding: 8, learning_rate: 0.05, redraws: 0}
latency: {hardware: v100, batch: 128}
reward: {target_ms: 0.5}
accuracy: {kind: formula}
scaling: {max_candidates: 3, tolerance: 0.2}
runtime: {executor: in_process}
)";
  YAML::Node root = YAML::Load(text);
  for (size_t begin = 0; begin < changes.size();) {
    const size_t end = std::min(changes.find(';', begin), changes.size());
    const std::string change = changes.substr(begin, end - begin);
    const size_t equals = change.find('=');
    set_by_path(root, change.substr(0, equals), change.substr(equals + 1));
    begin = end + 1;
  }
  auto config = read_config<ExperimentConfig>(YamlView::wrap(root, "small.yaml"));
  config.space = YAML::Load(R"(
name: small
resolution: 32
classes: 10
stem: {filters: [8, 16]}
stages:
  - {kernel: [3, 5], filters: [8, 16], layers: [1, 2], activation: [relu, swish], stride: 2}
  - {kernel: 3, filters: [16, 24, 32], expansion: [1, 4], operator: [mbconv, fused_mbconv], stride: 2}
head: {filters: 32}
)");
  return config;
}

/// Hands out the results of another evaluation in reverse order, and stops after `limit` results.
class ReversedExecutor : public Executor {
 public:
  explicit ReversedExecutor(AccuracyEvaluator& evaluator, int limit = 1 << 30)
      : evaluator_(evaluator), limit_(limit) {}
  void submit(const TrialJob& job) override { queue_.push_back(job); }
  size_t in_flight() const override { return handed_out_ == limit_ ? 0 : queue_.size(); }
  void cancel(uint64_t) override {}
  std::optional<TrialResult> next(std::chrono::milliseconds) override {
    if (in_flight() == 0) return std::nullopt;
    ++handed_out_;
    const TrialJob job = queue_.back();
    queue_.pop_back();
    submitted.push_back(job.spec.trial_id);
    return TrialResult{job.spec.trial_id, job.attempt, evaluator_.evaluate(job.spec)};
  }
  std::vector<uint64_t> submitted;

 private:
  AccuracyEvaluator& evaluator_;
  int limit_;
  int handed_out_ = 0;
  std::vector<TrialJob> queue_;
};

/// Counts what a resumed search asks of the controller.
class CountingController : public ControllerDecorator {
 public:
  using ControllerDecorator::ControllerDecorator;
  UpdateStats update(std::span<const Observation> batch) override {
    ++updates;
    samples_learned += batch.size();
    return ControllerDecorator::update(batch);
  }
  int updates = 0;
  size_t samples_learned = 0;
};

/// Adds a learning curve of two epochs to another evaluator's results.
class CurveEvaluator : public AccuracyEvaluator {
 public:
  explicit CurveEvaluator(AccuracyEvaluator& inner) : inner_(inner) {}
  Evaluation evaluate(const TrialSpec& spec) override {
    Evaluation result = inner_.evaluate(spec);
    for (const int epoch : {1, 2}) {
      result.metrics.push_back({epoch, "train_loss", 1.0 / (epoch + result.accuracy)});
      result.metrics.push_back({epoch, "validation_accuracy", result.accuracy * epoch / 2});
    }
    return result;
  }

 private:
  AccuracyEvaluator& inner_;
};

/// One process's worth of a run: fresh controller and oracle on the given store.
inline std::vector<Trial> search_once(const ExperimentConfig& config, TrialStore& store,
                                      Executor& executor, bool record_attempts = false) {
  const SearchSpace space = config.search_space();
  const auto oracle = make_oracle(config.latency);
  const auto controller = make_controller(config.controller, space.decisions(), config.seed);
  FailureConfig no_retries;  // a pause in real time would stall virtual workers
  no_retries.retries = 0;
  TrialRunner runner(executor, no_retries);
  if (record_attempts) runner.record_in(store);
  Search(config, {space, *oracle, *controller, runner, store}).run();
  return store.trials(Phase::kSearch);
}

/// A trial without the two columns that may differ between equal runs.
inline std::string comparable(const Trial& t) {
  return std::to_string(t.id) + "|" + std::to_string(t.batch) + "|" + to_text(t.genotype) + "|" +
         to_yaml(t.architecture) + "|" + enum_name(t.status) + "|" +
         ConfigWriter::plain_number(t.accuracy) + "|" + ConfigWriter::plain_number(t.latency_ms) +
         "|" + ConfigWriter::plain_number(t.reward) + "|" + std::to_string(t.reused_from) + "|" +
         t.cause;
}

inline std::vector<std::string> comparable(const std::vector<Trial>& trials) {
  std::vector<std::string> texts;
  for (const auto& trial : trials) texts.push_back(comparable(trial));
  return texts;
}

/// The message with which the experiment file `text` is refused, without the file's folder.
inline std::string error_for(const std::string& text,
                             const std::vector<std::string>& settings = {}) {
  TempFolder folder;
  write_file_atomic(folder / "e.yaml", text);
  std::string message = error_of([&] { load_experiment(folder / "e.yaml", settings); });
  const std::string prefix = folder.path().string() + "/";
  if (message.starts_with(prefix)) message.erase(0, prefix.size());
  return message;
}

/// A job for an executor; its network has one stage.
inline TrialJob job_of(uint64_t id, int attempt = 0) {
  TrialJob job;
  job.spec.architecture.stages.resize(1);
  job.spec.trial_id = id;
  job.attempt = attempt;
  return job;
}

}  // namespace ridgeline::test
