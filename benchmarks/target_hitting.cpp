// Does a search end at its latency target? Searches Accel-NASBench's space with surrogates of
// accuracy and latency fitted to its table: three targets per accelerator, each kind of reward,
// several seeds. Usage: bench_target_hitting DATA
// DATA is the folder of the tables (docs/search.md). OMP_NUM_THREADS=1 keeps BLAS to one thread per
// search.

#include <omp.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <mutex>

#include "accuracy/evaluator.h"
#include "accuracy/evaluators/make_evaluator.h"
#include "benchmarks/target_optimum.h"
#include "controller/policy/make_controller.h"
#include "controller/screening.h"
#include "core/config_path.h"
#include "core/error.h"
#include "core/logging.h"
#include "experiments/config.h"
#include "latency/measurement/make_oracle.h"
#include "reward/pareto.h"
#include "tables/rows.h"

namespace ridgeline {
namespace {

struct Options {
  std::string data;
  std::vector<std::string> accelerators = {"tpu_v3", "a100"};
  std::vector<std::string> rewards = {"mnas_soft", "mnas_hard", "tunas"};
  std::vector<double> quantiles = {0.25, 0.5, 0.75};
  std::vector<double> targets_ms;
  std::string controller = "{}";
  int seeds = 10;
  int trials = 1000;
  int batch = 8;
  int jobs = 2;
  double tolerance = 0.03;
  bool front = false;
  bool optimum = false;
  double most_nodes = 1e9;
};

/// Accuracy and latency of points, from the surrogates of a ready configuration.
class Bench {
 public:
  Bench(const std::string& accelerator, const Options& options)
      : config_(load_experiment(
            find_config("benchmarks", "accel_nasbench_" + accelerator),
            {"accuracy.table.path=" + options.data + "/accelnb/accel_nasbench.csv.gz",
             "latency.table_file.path=" + options.data + "/accelnb/accel_nasbench.csv.gz"})),
        space_(config_.search_space()),
        evaluator_(make_evaluator(config_.accuracy)),
        oracle_(make_oracle(config_.latency)) {}

  const std::vector<Decision>& decisions() const { return space_.decisions(); }
  std::string description() const { return oracle_->description(); }

  /// The given targets, or else quantiles of the latencies of the table's networks; with `front`,
  /// of those that no other one of the table is both faster and more accurate than.
  std::vector<double> targets(const Options& options) const {
    if (!options.targets_ms.empty()) return options.targets_ms;
    std::map<std::vector<std::string>, double> accuracy;
    for (const auto& row : read_table_rows(config_.accuracy.table, "accuracy.table").rows)
      accuracy.emplace(row.choices, row.value);
    std::vector<ParetoPoint> points;
    const auto table =
        read_table_rows(config_.latency.table_file, "latency.table_file", config_.latency.batch);
    for (const auto& row : table.rows) points.push_back({accuracy.at(row.choices), row.value});
    std::vector<double> ms;
    for (const auto& point : points) ms.push_back(point.latency_ms);
    if (options.front) {
      ms.clear();
      for (const size_t i : pareto_front(points)) ms.push_back(points[i].latency_ms);
    }
    std::sort(ms.begin(), ms.end());
    std::vector<double> chosen;
    for (const double quantile : options.quantiles)
      chosen.push_back(ms[static_cast<size_t>(quantile * static_cast<double>(ms.size() - 1))]);
    return chosen;
  }

  TargetPoint measure(const Genotype& genotype) {
    TrialSpec spec;
    spec.architecture = space_.decode(genotype);
    const std::lock_guard lock(mutex_);
    return {evaluator_->evaluate(spec).accuracy,
            oracle_->estimate_architecture(spec.architecture).ms};
  }

 private:
  ExperimentConfig config_;
  SearchSpace space_;
  std::unique_ptr<AccuracyEvaluator> evaluator_;
  std::unique_ptr<LatencyOracle> oracle_;
  std::mutex mutex_;
};

/// The search loop without anything around it: sample, look up, learn; the network of the best
/// reward.
TargetPoint search(Bench& bench, const RewardConfig& config, const Options& options,
                   uint64_t seed) {
  auto settings =
      read_config<ControllerConfig>(YamlView::parse(options.controller, "--controller"));
  choose_screening(/*free_trials=*/false, settings);
  const auto controller = make_controller(settings, bench.decisions(), seed);
  const Reward reward(config);
  TargetPoint best;
  double best_reward = -1e300;
  for (int done = 0; done < options.trials;) {
    RandomStream stream(seed, static_cast<uint64_t>(done), "sample");
    const auto genotypes =
        controller->sample(std::min(options.batch, options.trials - done), stream);
    std::vector<Observation> observations;
    for (const auto& genotype : genotypes) {
      const TargetPoint found = bench.measure(genotype);
      observations.push_back({genotype, reward(found.accuracy, found.latency_ms)});
      if (observations.back().reward <= best_reward) continue;
      best_reward = observations.back().reward;
      best = found;
    }
    controller->update(observations);
    done += static_cast<int>(genotypes.size());
  }
  return best;
}

void print_row(const std::string& reward, double target_ms, const std::vector<TargetPoint>& found,
               double tolerance) {
  int hits = 0;
  double distance = 0, worst = 0, accuracy = 0, ratio = 0;
  for (const auto& best : found) {
    const double off = std::abs(best.latency_ms / target_ms - 1);
    const auto n = static_cast<double>(found.size());
    hits += off <= tolerance;
    distance += off / n;
    worst = std::max(worst, off);
    accuracy += best.accuracy / n;
    ratio += best.latency_ms / target_ms / n;
  }
  std::printf("%-14s %9.2f %6d of %-3zu %12.4f %11.2f %% %8.2f %% %11.2f %%\n", reward.c_str(),
              target_ms, hits, found.size(), ratio, 100 * distance, 100 * worst, 100 * accuracy);
  std::fflush(stdout);
}

/// What a search with mnas_hard can at best end at.
void print_optima(Bench& bench, const Options& options) {
  const TargetOptimizer optimizer(
      bench.decisions(), [&](const Genotype& genotype) { return bench.measure(genotype); });
  for (const double target_ms : bench.targets(options)) {
    const auto best = optimizer.maximise(target_ms, static_cast<uint64_t>(options.most_nodes));
    std::printf(
        "best mnas_hard %8.2f: LAT/T %.4f, accuracy %.2f %%, reward %.6f, %s (%.2g nodes)\n",
        target_ms, best.point.latency_ms / target_ms, 100 * best.point.accuracy, best.reward,
        best.proven ? "proven" : "not proven", static_cast<double>(best.nodes));
    std::fflush(stdout);
  }
}

void run(const Options& options) {
  std::printf("%d searches of %d proposals each, batch %d, controller %s; a hit is within %g %%\n",
              options.seeds, options.trials, options.batch, options.controller.c_str(),
              100 * options.tolerance);
  for (const auto& accelerator : options.accelerators) {
    Bench bench(accelerator, options);
    std::printf("\n%s: %s\n%-14s %9s %13s %12s %13s %10s %13s\n", accelerator.c_str(),
                bench.description().c_str(), "reward", "target ms", "hits", "mean LAT/T",
                "mean distance", "worst", "accuracy");
    if (options.optimum) print_optima(bench, options);
    for (const auto& kind : options.rewards) {
      for (const double target_ms : bench.targets(options)) {
        RewardConfig reward;
        reward.kind = enum_from_yaml<RewardKind>(YamlView::word(kind, "--reward"));
        reward.target_ms = target_ms;
        std::vector<TargetPoint> found(static_cast<size_t>(options.seeds));
#pragma omp parallel for schedule(dynamic) num_threads(options.jobs)
        for (int i = 0; i < options.seeds; ++i)
          found[static_cast<size_t>(i)] =
              search(bench, reward, options, static_cast<uint64_t>(i + 1));
        print_row(kind, reward.target_ms, found, options.tolerance);
      }
    }
  }
}

}  // namespace
}  // namespace ridgeline

int main(int argc, char** argv) {
  using namespace ridgeline;
  Options options;
  CLI::App app("Whether searches end at their latency target");
  app.add_option("data", options.data, "folder of the tables")->required();
  app.add_option("--accelerator", options.accelerators, "tpu_v3, a100");
  app.add_option("--reward", options.rewards, "kinds of reward");
  app.add_option("--quantile", options.quantiles, "targets, as quantiles of the table's latencies")
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--controller", options.controller, "a controller's settings as a YAML map");
  app.add_option("--seeds", options.seeds)->check(CLI::Range(1, 100000));
  app.add_option("--trials", options.trials, "proposals of one search")
      ->check(CLI::Range(1, 1000000));
  app.add_option("--batch", options.batch, "proposals per update")->check(CLI::Range(1, 100000));
  app.add_option("--jobs", options.jobs, "searches at a time")->check(CLI::Range(1, 1024));
  app.add_option("--target-ms", options.targets_ms, "targets instead of quantiles")
      ->check(CLI::PositiveNumber);
  app.add_flag("--front", options.front,
               "quantiles of the front of the table's networks instead of all of them");
  app.add_flag("--optimum", options.optimum, "also print the best network under mnas_hard");
  app.add_option("--most-nodes", options.most_nodes, "where the proof of --optimum gives up");
  CLI11_PARSE(app, argc, argv);
  omp_set_num_threads(1);
  try {
    set_up_logging("info");
    run(options);
  } catch (const Error& error) {
    std::fprintf(stderr, "bench_target_hitting: %s\n", error.what());
    return error.exit_code();
  }
  return 0;
}
