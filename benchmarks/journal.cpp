// Cost of a stored trial as a search grows: whole synchronous searches in this process with a free
// evaluator and a free latency, in which every trial is committed to the store. Prints wall time,
// processor time and memory per trial against the number of trials.
// Usage: bench_journal [TRIALS [BATCH [CONTROLLER...]]], by default 100000, 100 and three cheap
// controllers; '{}' is the default controller.

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "controller/policy/make_controller.h"
#include "core/config_path.h"
#include "experiments/executors/in_process_executor.h"
#include "experiments/search.h"

namespace ridgeline {
namespace {

constexpr int kPoints = 10;

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// That this process has had of a processor: unlike the wall clock's, not another program's doing.
double processor_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// What this process holds now.
double resident_kb() {
  std::ifstream status("/proc/self/status");
  const std::string field = "VmRSS:";
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(field)) return std::strtod(line.c_str() + field.size(), nullptr);
  }
  return 0;
}

/// A number that follows from the network's identity, and no work.
class FreeEvaluator : public AccuracyEvaluator {
 public:
  Evaluation evaluate(const TrialSpec& spec) override {
    Evaluation evaluation;
    evaluation.accuracy = RandomStream(1, spec.trial_id, "accuracy").uniform();
    return evaluation;
  }
};

class FreeOracle : public LatencyOracle {
 public:
  Latency estimate(const Network&) const override { return one(); }
  std::string description() const override { return "free"; }

 private:
  static Latency one() {
    Latency latency;
    latency.ms = 1.0;
    return latency;
  }
};

ExperimentConfig config_of(const std::string& controller, int trials, int batch) {
  ExperimentConfig config;
  config.space = YamlView::load_file(find_config("spaces", "efficientnet_x")).node();
  config.reward.target_ms = 1.0;
  config.controller = read_config<ControllerConfig>(YamlView::parse(controller, "controller"));
  config.search.trials = trials;
  config.search.batch = batch;
  return config;
}

/// One search in a folder of the working directory's file system.
void run(const std::string& controller_text, int trials, int batch) {
  const std::filesystem::path folder = "bench_journal." + std::to_string(getpid());
  std::filesystem::create_directories(folder);
  const ExperimentConfig config = config_of(controller_text, trials, batch);
  const SearchSpace space = config.search_space();
  const auto controller = make_controller(config.controller, space.decisions(), config.seed);
  FreeEvaluator evaluator;
  FreeOracle oracle;
  InProcessExecutor executor(evaluator);
  TrialRunner runner(executor, config.failures);
  TrialStore store(folder / "store.sqlite");
  runner.record_in(store);
  std::printf("\n%s, batch %d\n%10s %12s %12s %12s %10s\n", controller_text.c_str(), batch,
              "trials", "us / trial", "CPU us", "trials/s", "RSS MB");
  int count = 0;
  const int part = std::max(1, trials / kPoints);
  const double before_kb = resident_kb();
  double first_kb = 0;
  const auto start = Clock::now();
  double last_s = 0;
  const double before_cpu_s = processor_seconds();
  double last_cpu_s = before_cpu_s;
  Search(config, {space, {{"", oracle}}, *controller, runner, store}, [&](const Trial&) {
    if (++count % part != 0) return;
    const double now_s = seconds_since(start);
    if (count == part) first_kb = resident_kb();
    const double cpu_s = processor_seconds();
    std::printf("%10d %12.1f %12.1f %12.0f %10.1f\n", count, 1e6 * (now_s - last_s) / part,
                1e6 * (cpu_s - last_cpu_s) / part, part / (now_s - last_s), resident_kb() / 1024);
    std::fflush(stdout);
    last_s = now_s;
    last_cpu_s = cpu_s;
  }).run();
  const double total_s = seconds_since(start);
  std::printf(
      "%d trials, %.0f per second, %.1f us of processor time each; "
      "%.2f KB of memory per trial, %.2f after the first %d\n",
      trials, trials / total_s, 1e6 * (processor_seconds() - before_cpu_s) / trials,
      (resident_kb() - before_kb) / trials, (resident_kb() - first_kb) / std::max(1, trials - part),
      part);
  std::filesystem::remove_all(folder);
}

/// In a process of its own: memory that one search has freed must not hide what the next one needs.
void run_apart(const std::string& controller, int trials, int batch) {
  std::fflush(stdout);
  const pid_t child = fork();
  if (child < 0) throw Error(ErrorKind::kIo, "cannot start a process");
  if (child == 0) {
    run(controller, trials, batch);
    std::fflush(stdout);
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (status != 0) throw Error(ErrorKind::kInternal, "a search ended early");
}

}  // namespace
}  // namespace ridgeline

int main(int argc, char** argv) {
  using namespace ridgeline;
  const int trials = argc > 1 ? std::atoi(argv[1]) : 100000;
  const int batch = argc > 2 ? std::atoi(argv[2]) : 100;
  if (trials < 1 || batch < 1) {
    std::fprintf(stderr, "usage: bench_journal [TRIALS [BATCH [CONTROLLER...]]]\n");
    return 2;
  }
  std::vector<std::string> controllers(argv + std::min(argc, 3), argv + argc);
  if (controllers.empty())
    controllers = {"{kind: random}", "{kind: evolution}", "{policy: factorised}"};
  for (const auto& controller : controllers) run_apart(controller, trials, batch);
  return 0;
}
