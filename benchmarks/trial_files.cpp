// Cost of the files of many trials in one folder: the search writes specifications, worker
// processes write results, the search looks for them and reads them, and all are removed.
// Usage: bench_trial_files [TRIALS [WRITERS]], by default 10000 and 8

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>

#include "core/config_path.h"
#include "experiments/config.h"
#include "experiments/executors/slurm_batch.h"
#include "experiments/executors/trial_file.h"

namespace ridgeline {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr int kEpochs = 5;

/// Per trial from `first` to `last`, in microseconds.
double us_each(int first, int last, const std::function<void(uint64_t)>& action) {
  const auto start = Clock::now();
  for (int id = first; id < last; ++id) action(static_cast<uint64_t>(id));
  return std::chrono::duration<double, std::micro>(Clock::now() - start).count() / (last - first);
}

/// The first and the last tenth, for growth with what lies in the folder already.
void report(const char* what, int trials, const std::function<void(uint64_t)>& action) {
  const int tenth = trials / 10;
  const double first = us_each(0, tenth, action);
  const double middle = us_each(tenth, trials - tenth, action);
  const double last = us_each(trials - tenth, trials, action);
  const double mean = (first + 8 * middle + last) / 10;
  std::printf("%-36s %10.1f %10.1f %10.1f %12.0f\n", what, mean, first, last, 1e6 / mean);
  std::fflush(stdout);
}

Evaluation evaluation_of(uint64_t id) {
  Evaluation evaluation;
  evaluation.accuracy = 1.0 / static_cast<double>(id + 2);
  for (int epoch = 1; epoch <= kEpochs; ++epoch) {
    for (const char* name : {"train_loss", "validation_accuracy", "images_per_s"})
      evaluation.metrics.push_back({epoch, name, evaluation.accuracy * epoch});
  }
  return evaluation;
}

/// As many workers do at once, each its share.
void write_results(const SlurmFiles& files, int trials, int writers) {
  const auto start = Clock::now();
  for (int writer = 0; writer < writers; ++writer) {
    const pid_t child = fork();
    if (child < 0) throw Error(ErrorKind::kIo, "cannot start a process");
    if (child > 0) continue;
    for (int id = writer; id < trials; id += writers)
      write_result_file(files.result(static_cast<uint64_t>(id)),
                        evaluation_of(static_cast<uint64_t>(id)));
    _exit(0);
  }
  for (int status = 0; wait(&status) > 0;) {
    if (status != 0) throw Error(ErrorKind::kInternal, "a writer ended early");
  }
  const double us = std::chrono::duration<double, std::micro>(Clock::now() - start).count();
  std::printf("write a result, %3d processes %18.1f %10s %10s %12.0f\n", writers, us / trials, "",
              "", 1e6 * trials / us);
}

void run(int trials, int writers) {
  const fs::path folder = "bench_trial_files." + std::to_string(getpid());
  const SlurmFiles files(folder);
  ExperimentConfig config;
  config.space = YamlView::load_file(find_config("spaces", "efficientnet_x")).node();
  const SearchSpace space = config.search_space();
  TrialFile file{config.accuracy, {}};
  RandomStream stream(1, 0, "networks");
  file.spec.architecture = space.decode(random_genotype(space.decisions(), stream));
  std::printf("%d trials in one folder\n%-36s %10s %10s %10s %12s\n", trials, "", "us each",
              "first 10%", "last 10%", "per second");
  report("write a specification", trials, [&](uint64_t id) {
    file.spec.trial_id = id;
    write_trial_file(files.spec(id), file);
  });
  const auto look = [&](uint64_t id) { return fs::exists(files.result(id)); };
  report("look for a result that is not there", trials, look);
  write_results(files, trials, writers);
  report("look for a result that is there", trials, look);
  report("read a result", trials, [&](uint64_t id) { read_result_file(files.result(id)); });
  report("remove a trial's files", trials, [&](uint64_t id) {
    fs::remove(files.spec(id));
    fs::remove(files.result(id));
  });
  fs::remove_all(folder);
}

}  // namespace
}  // namespace ridgeline

int main(int argc, char** argv) {
  const int trials = argc > 1 ? std::atoi(argv[1]) : 10000;
  const int writers = argc > 2 ? std::atoi(argv[2]) : 8;
  if (trials < 10 || writers < 1) {
    std::fprintf(stderr, "usage: bench_trial_files [TRIALS >= 10 [WRITERS >= 1]]\n");
    return 2;
  }
  ridgeline::run(trials, writers);
  return 0;
}
