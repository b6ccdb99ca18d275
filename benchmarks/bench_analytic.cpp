// The analytic path of a search: genotype -> architecture -> network -> latency, on the
// EfficientNet-X space; whole and step by step, in networks per second on one core.

#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "core/config_path.h"
#include "latency/roofline.h"
#include "latency/whole_network.h"
#include "search_space/search_space.h"

namespace ridgeline {
namespace {

constexpr int kNetworks = 64;
constexpr int kBatch = 128;

/// The same random points of the space at every step.
struct Points {
  SearchSpace space = SearchSpace::load(find_config("spaces", "efficientnet_x"));
  std::vector<Genotype> genotypes;
  std::vector<Architecture> architectures;
  std::vector<Network> networks;

  Points() {
    RandomStream stream(1, 0, "benchmark points");
    for (int i = 0; i < kNetworks; ++i) {
      genotypes.push_back(random_genotype(space.decisions(), stream));
      architectures.push_back(space.decode(genotypes.back()));
      networks.push_back(lower(architectures.back()));
    }
  }
};

const Points& points() {
  static const Points made;
  return made;
}

/// Runs `step` on every point in turn; the rate counts points.
template <class Step>
void repeat(benchmark::State& state, const Step& step) {
  points();
  for (auto _ : state) {
    for (size_t i = 0; i < kNetworks; ++i) benchmark::DoNotOptimize(step(i));
  }
  state.SetItemsProcessed(state.iterations() * kNetworks);
}

void sample(benchmark::State& state) {
  RandomStream stream(1, 0, "benchmark samples");
  repeat(state, [&](size_t) { return random_genotype(points().space.decisions(), stream); });
}

void decode(benchmark::State& state) {
  repeat(state, [](size_t i) { return points().space.decode(points().genotypes[i]); });
}

void lower_network(benchmark::State& state) {
  repeat(state, [](size_t i) { return lower(points().architectures[i]); });
}

void estimate(benchmark::State& state, const std::string& hardware) {
  const RooflineOracle oracle(load_hardware(hardware), kBatch);
  repeat(state, [&](size_t i) { return oracle.estimate(points().networks[i]); });
}

void estimate_whole_network(benchmark::State& state) {
  const WholeNetworkOracle oracle(load_hardware("tpu_v3"), kBatch);
  repeat(state, [&](size_t i) { return oracle.estimate(points().networks[i]); });
}

void whole_path(benchmark::State& state, const std::string& hardware) {
  const RooflineOracle oracle(load_hardware(hardware), kBatch);
  repeat(state, [&](size_t i) {
    return oracle.estimate(lower(points().space.decode(points().genotypes[i]))).ms;
  });
}

BENCHMARK(sample);
BENCHMARK(decode);
BENCHMARK(lower_network);
BENCHMARK_CAPTURE(estimate, tpu_v3, "tpu_v3");
BENCHMARK_CAPTURE(estimate, v100, "v100");
BENCHMARK(estimate_whole_network);
BENCHMARK_CAPTURE(whole_path, tpu_v3, "tpu_v3");
BENCHMARK_CAPTURE(whole_path, v100, "v100");

}  // namespace
}  // namespace ridgeline

BENCHMARK_MAIN();
