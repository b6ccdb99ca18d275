// Time to resume a killed run of 100,000 trials: checking the file, reading it, restoring the
// newest checkpoint, and the longest replay after it that the default checkpoint_batches allows.
// Usage: bench_restart [TRIALS]

#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "accuracy/evaluators/make_evaluator.h"
#include "controller/policy/make_controller.h"
#include "experiments/checkpoint.h"
#include "experiments/executors/in_process_executor.h"
#include "experiments/search.h"
#include "experiments/store/store_rescue.h"
#include "latency/measurement/make_oracle.h"
#include "runtime/device.h"

using namespace ridgeline;

namespace {

constexpr int kEpochs = 5;

double seconds_of(const std::function<void()>& action) {
  const auto start = std::chrono::steady_clock::now();
  action();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// With a learning curve of five epochs.
TrialResult attempt_of(const Trial& trial) {
  TrialResult attempt{trial.id, 0, {}, "worker"};
  attempt.evaluation.accuracy = trial.accuracy;
  for (int epoch = 1; epoch <= kEpochs; ++epoch) {
    for (const char* name : {"train_loss", "validation_accuracy", "images_per_s"})
      attempt.evaluation.metrics.push_back({epoch, name, trial.accuracy * epoch});
  }
  return attempt;
}

/// Invented trials and a checkpoint after them: what a search leaves behind, in a second.
void write_prefix(const ExperimentConfig& config, TrialStore& store, int trials) {
  const SearchSpace space = config.search_space();
  const auto controller = make_controller(config.controller, space.decisions(), config.seed);
  std::vector<Trial> prefix;
  std::vector<RecordedAttempt> attempts;
  for (int first = 0; first < trials; first += config.search.batch) {
    const int batch = first / config.search.batch;
    RandomStream stream(config.seed, static_cast<uint64_t>(batch), "bench");
    for (const auto& genotype : controller->sample(config.search.batch, stream)) {
      Trial trial;
      trial.id = prefix.size();
      trial.batch = batch;
      trial.genotype = genotype;
      trial.architecture = space.decode(genotype);
      trial.status = TrialStatus::kComplete;
      trial.accuracy = stream.uniform();
      trial.reward = trial.accuracy;
      trial.latencies = {{"", 1}};
      trial.finished_at = utc_now();
      attempts.push_back({attempt_of(trial)});
      prefix.push_back(std::move(trial));
    }
  }
  store.append_all(prefix, {}, attempts);
  for (int batch = 0; batch < trials / config.search.batch - 1; ++batch)
    store.append_batch({batch, 0, config.search.batch, {}}, std::nullopt);
  store.append_batch({trials / config.search.batch - 1, 0, config.search.batch, {}},
                     Checkpoint{prefix.size(), trials / config.search.batch - 1, history_of(prefix),
                                controller->save()});
}

void search(const ExperimentConfig& config, TrialStore& store) {
  const SearchSpace space = config.search_space();
  const auto oracle = make_oracle(config.latency);
  const auto evaluator = make_evaluator(config.accuracy);
  const auto controller = make_controller(config.controller, space.decisions(), config.seed);
  InProcessExecutor executor(*evaluator);
  TrialRunner runner(executor, config.failures);
  runner.record_in(store);
  Search(config, {space, {{"", *oracle}}, *controller, runner, store}).run();
}

}  // namespace

int main(int argc, char** argv) {
  set_threads(1);
  const int trials = argc > 1 ? std::atoi(argv[1]) : 100000;
  ExperimentConfig config = load_experiment(
      "configs/quickstart.yaml",
      {"accuracy.kind=formula", "search.batch=20", "search.trials=" + std::to_string(trials)});
  const int replayed = config.search.batch * (config.runtime.checkpoint_batches - 1);
  const auto file = std::filesystem::temp_directory_path() /
                    ("ridgeline_bench_restart_" + std::to_string(getpid()) + ".sqlite");
  {
    TrialStore store(file);
    write_prefix(config, store, trials - replayed);
    const double seconds = seconds_of([&] { search(config, store); });
    std::printf("the last %d trials, run for real: %.2f s\n", replayed, seconds);
  }
  const double check = seconds_of([&] { rescue_store(file); });
  double go_on = 0;
  {
    TrialStore store(file);
    go_on = seconds_of([&] { search(config, store); });
  }
  struct rusage usage {};
  getrusage(RUSAGE_SELF, &usage);
  std::printf("%d trials, store of %.0f MB\n", trials,
              static_cast<double>(std::filesystem::file_size(file)) / 1e6);
  std::printf("check of the file            %6.2f s\n", check);
  std::printf("reading, replay of %4d      %6.2f s\n", replayed, go_on);
  std::printf("restart                      %6.2f s  (goal: under 5 s)\n", check + go_on);
  std::printf("peak memory                  %6.0f MB\n",
              static_cast<double>(usage.ru_maxrss) / 1e3);
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(file.string() + suffix);
  return check + go_on < 5 ? 0 : 1;
}
