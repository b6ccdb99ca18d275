// How far two measurements of the same networks by the oracle of a search are apart, with and
// without its timing of a reference network: random networks of the EfficientNet-X space, measured
// one after the other as a search does, in four passes (plain, corrected, plain, corrected).
// Usage: bench_measured_repeat [NETWORKS] [SEED]

#include <chrono>
#include <iostream>

#include "core/allocator.h"
#include "core/config_path.h"
#include "core/units.h"
#include "latency/calibration/metrics.h"
#include "latency/measurement/drift_correction.h"
#include "latency/measurement/measured.h"
#include "latency/measurement/sampling.h"

namespace ridgeline {
namespace {

struct Pass {
  std::vector<double> ms;
  double seconds = 0;
};

Pass measure(const std::vector<Architecture>& architectures, const LatencyConfig& config) {
  const auto start = std::chrono::steady_clock::now();
  const MeasuredOracle oracle(config);
  Pass pass;
  for (const Architecture& architecture : architectures)
    pass.ms.push_back(oracle.estimate_architecture(architecture).ms);
  pass.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return pass;
}

void print(const std::string& name, const std::vector<Pass>& passes) {
  const Agreement repeat = agreement(passes[1].ms, passes[0].ms);
  std::cout << name << ": " << to_string(repeat) << ", "
            << format_fixed((passes[0].seconds + passes[1].seconds) /
                                static_cast<double>(2 * passes[0].ms.size()),
                            2)
            << " s per network\n";
}

void run(int networks, uint64_t seed) {
  const auto architectures = sample_architectures(
      SearchSpace::load(find_config("spaces", "efficientnet_x")), {networks, seed, {96, 128, 160}});
  LatencyConfig config;
  config.kind = LatencyKind::kMeasured;
  config.batch = 1;
  config.timing.time_limit_s = 3;
  LatencyConfig plain = config;
  plain.measured.drift_correction = false;
  config = at_one_speed(config, std::nullopt);
  std::vector<Pass> without, with;
  for (int pass = 0; pass < 2; ++pass) {
    without.push_back(measure(architectures, plain));
    with.push_back(measure(architectures, config));
  }
  std::cout << networks << " networks, batch 1, reference "
            << format_ms(*config.measured.reference_ms)
            << "; the second measurement against the first:\n";
  print("plain", without);
  print("drift-corrected", with);
}

}  // namespace
}  // namespace ridgeline

int main(int argc, char** argv) {
  // As the program does: networks must meet the same allocator.
  ridgeline::keep_freed_memory();
  try {
    ridgeline::run(argc > 1 ? std::stoi(argv[1]) : 20, argc > 2 ? std::stoul(argv[2]) : 2);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "bench_measured_repeat: " << error.what() << "\n";
    return 1;
  }
}
