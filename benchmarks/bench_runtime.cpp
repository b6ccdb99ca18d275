// Images per second in inference: networks as LibTorch modules on one CPU thread, channels-last,
// fp32.

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <benchmark/benchmark.h>

#include <string>

#include "core/config_path.h"
#include "core/random.h"
#include "runtime/device.h"
#include "runtime/network_module.h"
#include "search_space/architecture.h"

namespace ridgeline {
namespace {

// Arguments: resolution, batch.
void forward(benchmark::State& state, const std::string& name) {
  set_threads(1);
  const at::NoGradGuard no_grad;
  const at::Device cpu(at::kCPU);
  Architecture architecture = load_architecture(find_config("architectures", name));
  architecture.resolution = static_cast<int>(state.range(0));
  NetworkModule module(lower(architecture), 1);
  module->eval();
  place(*module, cpu);
  const at::Generator generator =
      at::detail::createCPUGenerator(derive_seed(1, 0, "benchmark images"));
  const at::Tensor images =
      place(at::randn({state.range(1), 3, state.range(0), state.range(0)}, generator), cpu);
  for (auto _ : state) benchmark::DoNotOptimize(module->forward(images));
  state.SetItemsProcessed(state.iterations() * state.range(1));
}

void sizes(benchmark::internal::Benchmark* benchmark) {
  benchmark->Args({32, 64})->Args({96, 8})->Args({224, 1})->Args({224, 8});
  benchmark->Unit(benchmark::kMillisecond)->ArgNames({"resolution", "batch"});
}

BENCHMARK_CAPTURE(forward, efficientnet_b0, "efficientnet_b0")->Apply(sizes);
BENCHMARK_CAPTURE(forward, efficientnet_x_b0_tpu, "efficientnet_x_b0_tpu")->Apply(sizes);
BENCHMARK_CAPTURE(forward, efficientnet_x_b0_gpu, "efficientnet_x_b0_gpu")->Apply(sizes);

}  // namespace
}  // namespace ridgeline

BENCHMARK_MAIN();
