// Samples per second of the LSTM controller (sampling and one update) with a free reward, on one
// core: over the whole time, and over the first and the last 1,600 samples, because a converged
// policy repeats its samples. benchmarks/controller_peer runs it beside a Python program.
// Usage: bench_controller [BATCH [DECISIONS [CHOICES [SECONDS]]]], by default 16 40 4 2

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>

#include "controller/controller.h"
#include "controller/policy/make_controller.h"
#include "controller/screening.h"
#include "core/allocator.h"

using namespace ridgeline;

namespace {

struct Case {
  const char* name;
  ControllerConfig config;
};

/// REINFORCE as the Python program has it, as it is by default where trials are free, and where
/// they are not.
std::vector<Case> cases() {
  ControllerConfig plain;
  plain.gradient.advantage = AdvantageKind::kDifference;
  plain.gradient.replay_best = 0;
  plain.gradient.local_share = 0;
  plain.redraws = 0;
  ControllerConfig screened;
  choose_screening(/*free_trials=*/false, screened);
  return {{"plain", plain}, {"default", ControllerConfig{}}, {"screened", screened}};
}

std::vector<Decision> decisions_of(int count, int choices) {
  std::vector<Decision> decisions;
  for (int d = 0; d < count; ++d) {
    Decision decision{.name = "d" + std::to_string(d), .labels = {}};
    for (int k = 0; k < choices; ++k) decision.labels.push_back(std::to_string(k));
    decisions.push_back(std::move(decision));
  }
  return decisions;
}

double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

/// How often choice 0 was made.
double reward_of(const Genotype& genotype) {
  return static_cast<double>(std::count(genotype.begin(), genotype.end(), 0)) /
         static_cast<double>(genotype.size());
}

constexpr size_t kWindow = 1600;  ///< samples

struct Rate {
  double samples_per_s = 0;
  double sampling_share = 0;         ///< of the time
  double first_window, last_window;  ///< samples per second
};

Rate rate_of(const ControllerConfig& config, const std::vector<Decision>& decisions, int batch,
             double seconds) {
  const auto controller = make_controller(config, decisions, 1);
  double sampling = 0;
  const double start = cpu_seconds();
  double now = start;
  uint64_t batches = 0;
  std::vector<double> times = {start};
  while (now - start < seconds) {
    RandomStream stream(1, batches++, "bench");
    const auto genotypes = controller->sample(batch, stream);
    const double sampled = cpu_seconds();
    sampling += sampled - now;
    std::vector<Observation> observations;
    for (const auto& genotype : genotypes) observations.push_back({genotype, reward_of(genotype)});
    controller->update(observations);
    now = cpu_seconds();
    times.push_back(now);
  }
  const size_t window = std::min<size_t>(std::max<size_t>(kWindow / batch, 1), batches);
  const auto samples = static_cast<double>(window) * batch;
  return {static_cast<double>(batches) * batch / (now - start), sampling / (now - start),
          samples / (times[window] - start), samples / (now - times[batches - window])};
}

}  // namespace

int main(int argc, char** argv) {
  const auto number = [&](int i, double otherwise) {
    return argc > i ? std::atof(argv[i]) : otherwise;
  };
  const int batch = static_cast<int>(number(1, 16));
  const auto decisions =
      decisions_of(static_cast<int>(number(2, 40)), static_cast<int>(number(3, 4)));
  if (batch < 1 || decisions.empty() || decisions[0].choices() < 1) {
    std::fprintf(stderr, "usage: bench_controller [BATCH [DECISIONS [CHOICES [SECONDS]]]]\n");
    return 2;
  }
  // As `ridgeline` does: what is freed stays in the process.
  ridgeline::keep_freed_memory();
  for (const auto& [name, config] : cases()) {
    const Rate rate = rate_of(config, decisions, batch, number(4, 2));
    std::printf("%s %.1f samples/s, %.0f %% of the time sampling; first %.1f, last %.1f\n", name,
                rate.samples_per_s, 100 * rate.sampling_share, rate.first_window, rate.last_window);
  }
  return 0;
}
