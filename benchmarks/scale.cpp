// Cost of the engine per trial, and how busy it keeps many workers: whole searches of the
// EfficientNet-X space on virtual workers, whose trials take only virtual time.
// Usage: bench_scale [TRIALS [WORKERS]], by default 10000 and 500.

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "accuracy/evaluators/make_evaluator.h"
#include "controller/policy/make_controller.h"
#include "core/config_path.h"
#include "core/logging.h"
#include "experiments/async_search.h"
#include "experiments/executors/simulated_executor.h"
#include "experiments/search.h"
#include "latency/measurement/make_oracle.h"

namespace ridgeline {
namespace {

constexpr double kTimeLimit = 300;
constexpr double kFailures = 0.05;

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// The most memory that this process has held so far.
double peak_kb() {
  const std::string field = "VmHWM:";
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(field)) return std::strtod(line.c_str() + field.size(), nullptr);
  }
  return 0;
}

/// Counts the time spent in the evaluator, which is no cost of the engine.
class TimedEvaluator : public AccuracyEvaluator {
 public:
  explicit TimedEvaluator(AccuracyEvaluator& inner) : inner_(inner) {}
  Evaluation evaluate(const TrialSpec& spec) override {
    const auto start = Clock::now();
    Evaluation result = inner_.evaluate(spec);
    seconds += seconds_since(start);
    return result;
  }
  double seconds = 0;

 private:
  AccuracyEvaluator& inner_;
};

/// Passes the real time that the engine takes between calls on to the virtual workers: one whose
/// trial ends while the engine is busy, as with an update, is idle until it is served.
class ServedByOneEngine : public Executor {
 public:
  explicit ServedByOneEngine(SimulatedExecutor& inner) : inner_(inner) {}
  void submit(const TrialJob& job) override {
    pass_time();
    inner_.submit(job);
  }
  std::optional<TrialResult> next(std::chrono::milliseconds patience) override {
    pass_time();
    auto result = inner_.next(patience);
    last_ = Clock::now();
    return result;
  }
  size_t in_flight() const override { return inner_.in_flight(); }
  void cancel(uint64_t id) override { inner_.cancel(id); }

 private:
  void pass_time() {
    const auto now = Clock::now();
    inner_.advance(std::chrono::duration<double>(now - last_).count());
    last_ = now;
  }

  SimulatedExecutor& inner_;
  Clock::time_point last_ = Clock::now();
};

/// A store in a new folder of the working directory's file system, removed at the end.
class ScratchStore {
 public:
  ScratchStore() : folder_("bench_scale." + std::to_string(getpid())) {
    std::filesystem::create_directories(folder_);
    store_ = std::make_unique<TrialStore>(folder_ / "store.sqlite");
  }
  ~ScratchStore() {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }
  ScratchStore(const ScratchStore&) = delete;
  ScratchStore& operator=(const ScratchStore&) = delete;
  TrialStore& get() { return *store_; }

 private:
  std::filesystem::path folder_;
  std::unique_ptr<TrialStore> store_;
};

struct Case {
  SearchMode mode;
  int trials;
  int workers;
  int batch;
};

struct Figures {
  Utilisation used;
  Staleness staleness;
  double mean_trial_s = 0;           ///< virtual
  double engine_ms = 0;              ///< real, per trial
  double first_ms = 0, last_ms = 0;  ///< the same over the first and last tenth
  double kb_per_trial = 0;           ///< growth of peak memory after the first tenth
  double peak_mb = 0;
  double last_reward = 0;  ///< mean of the complete trials of the last tenth
  int failed = 0;
};

ExperimentConfig config_of(const Case& c) {
  ExperimentConfig config;
  config.space = YamlView::load_file(find_config("spaces", "efficientnet_x")).node();
  config.latency.hardware = "v100";
  config.reward.target_ms = 22.5;
  config.accuracy.kind = AccuracyKind::kFormula;
  config.search.mode = c.mode;
  config.search.trials = c.trials;
  config.search.batch = c.batch;
  config.runtime.workers = c.workers;
  return config;
}

/// Watches trials being committed and takes the figures that need the course of time.
class Watch {
 public:
  Watch(int trials, const TimedEvaluator& evaluator)
      : trials_(trials), tenth_(std::max(1, trials / 10)), evaluator_(evaluator) {}

  void operator()(const Trial& trial) {
    ++count_;
    if (trial.reused_from < 0 && trial.seconds > 0) {
      ++trained_;
      seconds_ += trial.seconds;
    }
    figures_.failed += trial.status != TrialStatus::kComplete && trial.reused_from < 0;
    // Trials that hang come last; their reward says nothing about the policy.
    if (count_ > trials_ - tenth_ && trial.status == TrialStatus::kComplete) {
      ++complete_;
      figures_.last_reward += (trial.reward - figures_.last_reward) / complete_;
    }
    if (count_ == tenth_) {
      figures_.first_ms = 1e3 * engine_s() / tenth_;
      first_kb_ = peak_kb();
    }
    if (count_ == trials_ - tenth_) last_start_s_ = engine_s();
    if (count_ < trials_) return;
    figures_.last_ms = 1e3 * (engine_s() - last_start_s_) / tenth_;
    figures_.engine_ms = 1e3 * engine_s() / trials_;
    figures_.kb_per_trial = (peak_kb() - first_kb_) / (trials_ - tenth_);
    figures_.peak_mb = peak_kb() / 1024;
    figures_.mean_trial_s = seconds_ / std::max(1, trained_);
  }
  const Figures& figures() const { return figures_; }

 private:
  double engine_s() const { return seconds_since(start_) - evaluator_.seconds; }

  int trials_, tenth_;
  const TimedEvaluator& evaluator_;
  Clock::time_point start_ = Clock::now();
  int count_ = 0, trained_ = 0, complete_ = 0;
  double seconds_ = 0, first_kb_ = 0, last_start_s_ = 0;
  Figures figures_;
};

Figures simulate(const Case& c) {
  const ExperimentConfig config = config_of(c);
  const SearchSpace space = config.search_space();
  const auto oracle = make_oracle(config.latency);
  const auto controller = make_controller(config.controller, space.decisions(), config.seed);
  const auto formula = make_evaluator(config.accuracy);
  TimedEvaluator evaluator(*formula);
  SimulatedExecutor executor(
      {.workers = c.workers, .time_limit_s = kTimeLimit, .failure_share = kFailures}, evaluator);
  FailureConfig no_retries;  // a pause in real time would stall virtual workers
  no_retries.retries = 0;
  ServedByOneEngine served(executor);
  TrialRunner runner(served, no_retries);
  ScratchStore store;
  const SearchParts parts{space, {{"", *oracle}}, *controller, runner, store.get()};
  Watch watch(c.trials, evaluator);
  const auto observer = [&watch](const Trial& trial) { watch(trial); };
  Staleness staleness;
  if (c.mode == SearchMode::kAsynchronous) {
    AsyncSearch search(config, parts, observer);
    search.run();
    staleness = search.staleness();
  } else {
    Search(config, parts, observer).run();
  }
  Figures figures = watch.figures();
  figures.used = executor.utilisation();
  figures.staleness = staleness;
  return figures;
}

/// In a process of its own: memory that one search has freed must not hide what the next one needs.
Figures simulate_apart(const Case& c) {
  int ends[2];
  if (pipe(ends) != 0) throw Error(ErrorKind::kIo, "cannot make a pipe");
  const pid_t child = fork();
  if (child < 0) throw Error(ErrorKind::kIo, "cannot start a process");
  if (child == 0) {
    const Figures figures = simulate(c);
    const bool written = write(ends[1], &figures, sizeof figures) == sizeof figures;
    _exit(written ? 0 : 1);
  }
  close(ends[1]);
  Figures figures;
  const bool whole = read(ends[0], &figures, sizeof figures) == sizeof figures;
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (!whole || status != 0) throw Error(ErrorKind::kInternal, "a simulation ended early");
  return figures;
}

void print_cost(const Case& c, const Figures& f) {
  std::printf("%-13s %6d %7d %8.2f %8.2f %8.2f %9.4f %9.2f %8.2f %7.0f %6d\n",
              enum_name(c.mode).c_str(), c.batch, c.workers, f.engine_ms, f.first_ms, f.last_ms,
              f.engine_ms / 10 / f.mean_trial_s, f.engine_ms * c.trials / 10 / f.used.wall_s,
              f.kb_per_trial, f.peak_mb, f.failed);
}

void print_use(const Case& c, const Figures& f) {
  std::printf("%-13s %6d %7d %9.0f %7.1f %7.2f %9.2f %7d %9.2f %10.4f\n", enum_name(c.mode).c_str(),
              c.batch, c.workers, f.used.wall_s, 100 * f.used.busy_share,
              100 * f.used.fed_busy_share, f.staleness.mean, f.staleness.largest,
              100 * f.staleness.clipped_share, f.last_reward);
  std::fflush(stdout);
}

void print_store_writes() {
  constexpr int kWrites = 2000;
  ScratchStore store;
  Trial trial;
  trial.status = TrialStatus::kComplete;
  trial.genotype = Genotype(40, 0);
  trial.architecture.stages.resize(10);
  const auto start = Clock::now();
  for (int i = 0; i < kWrites; ++i) {
    trial.id = static_cast<uint64_t>(i);
    store.get().append(trial);
  }
  const double trials_s = seconds_since(start);
  const auto proposals_start = Clock::now();
  for (int i = 0; i < kWrites; ++i)
    store.get().append_proposals({{static_cast<uint64_t>(kWrites + i), trial.genotype, 0, -1.0}});
  const double proposals_s = seconds_since(proposals_start);
  std::printf("store, each write its own durable transaction: %.0f trials/s, %.0f proposals/s\n\n",
              kWrites / trials_s, kWrites / proposals_s);
}

}  // namespace
}  // namespace ridgeline

int main(int argc, char** argv) {
  using namespace ridgeline;
  const int trials = argc > 1 ? std::atoi(argv[1]) : 10000;
  const int workers = argc > 2 ? std::atoi(argv[2]) : 500;
  if (trials < 10 || workers < 1) {
    std::fprintf(stderr, "usage: bench_scale [TRIALS >= 10 [WORKERS >= 1]]\n");
    return 2;
  }
  std::setvbuf(stdout, nullptr, _IOLBF, 0);  // a forked child must not hold lines of ours
  print_store_writes();
  std::printf(
      "%d trials on %d virtual workers: 60 s on average (log-normal, sigma 0.75), at most 300 s, 5 "
      "%% fail\n",
      trials, workers);
  std::vector<std::pair<Case, Figures>> done;
  for (const auto& [mode, batch] : {std::pair{SearchMode::kAsynchronous, 20},
                                    {SearchMode::kAsynchronous, 100},
                                    {SearchMode::kAsynchronous, 500},
                                    {SearchMode::kSynchronous, 500},
                                    {SearchMode::kSynchronous, 1000},
                                    {SearchMode::kSynchronous, 2000}}) {
    const Case c{mode, trials, workers, batch};
    done.emplace_back(c, simulate_apart(c));
  }
  std::printf("\n%-13s %6s %7s %8s %8s %8s %9s %9s %8s %7s %6s\n", "mode", "batch", "workers",
              "ms/trial", "first", "last", "% trial", "% wall", "KB/trial", "peak MB", "failed");
  for (const auto& [c, figures] : done) print_cost(c, figures);
  std::printf("\n%-13s %6s %7s %9s %7s %7s %9s %7s %9s %10s\n", "mode", "batch", "workers",
              "wall s", "busy %", "fed %", "stale", "most", "clipped %", "reward");
  for (const auto& [c, figures] : done) print_use(c, figures);
  return 0;
}
