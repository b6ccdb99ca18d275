#include "experiments/preflight.h"

#include <algorithm>
#include <cstdio>
#include <optional>

#include "core/logging.h"
#include "core/units.h"
#include "latency/command_oracle.h"

namespace ridgeline {

std::string Preflight::str() const {
  char points_text[64];
  std::snprintf(points_text, sizeof points_text, points < 1e6L ? "%.0Lf" : "%.3Lg", points);
  return std::string(points_text) + " networks, " + std::to_string(decisions) +
         " decisions; latency of " + std::to_string(samples) + " random ones: fastest " +
         format_ms(min_ms) + ", median " + format_ms(median_ms) + ", slowest " + format_ms(max_ms) +
         "; target " + format_ms(target_ms);
}

Preflight check_space(const SearchSpace& space, const LatencyOracle& oracle,
                      const ExperimentConfig& config, int samples) {
  RandomStream stream(config.seed, 0, "preflight");
  std::vector<double> latencies;
  std::optional<LatencyFailure> failure;
  for (int i = 0; i < samples; ++i) {
    const Architecture architecture = space.decode(random_genotype(space.decisions(), stream));
    try {
      latencies.push_back(oracle.estimate_architecture(architecture).ms);
    } catch (const LatencyFailure& cause) {
      spdlog::warn("pre-flight: {}", cause.what());
      failure = cause;
    }
  }
  if (latencies.empty() && failure) throw *failure;
  std::sort(latencies.begin(), latencies.end());
  Preflight result{
      space.size(),           space.decisions().size(),        static_cast<int>(latencies.size()),
      latencies.front(),      latencies[latencies.size() / 2], latencies.back(),
      config.reward.target_ms};
  const double limit = std::max(2.0, config.search.max_latency_ratio) * result.target_ms;
  if (result.min_ms > limit) {
    throw Error(ErrorKind::kInfeasible,
                "reward.target_ms: the space misses the target by far: of " + result.str() +
                    "; raise reward.target_ms to at least " + format_ms(result.min_ms) +
                    ", lower latency.batch, choose faster hardware, or make the space smaller");
  }
  if (result.max_ms < 0.25 * result.target_ms) {
    spdlog::warn(
        "even the slowest of {} random networks needs only {}, the target is {}: latency hardly "
        "matters; "
        "lower reward.target_ms, or enlarge the space",
        samples, format_ms(result.max_ms), format_ms(result.target_ms));
  }
  return result;
}

}  // namespace ridgeline
