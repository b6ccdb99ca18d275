#include "latency/measured.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <spdlog/spdlog.h>
#include <torch/cuda.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "core/random.h"
#include "core/units.h"
#include "latency/device_name.h"
#include "network/cost.h"
#include "runtime/device.h"
#include "runtime/network_module.h"

namespace ridgeline {
namespace {

constexpr uint64_t kSeed = 0;
constexpr double kNoisy = 0.1;

/// Thread count and CUDA switches of the process, restored at the end: training may run beside.
class MeasuringScope {
 public:
  MeasuringScope(int threads, Precision precision, bool cuda)
      : threads_(at::get_num_threads()), cuda_(cuda) {
    at::set_num_threads(threads);
    if (!cuda_) return;
    auto& context = at::globalContext();
    cublas_tf32_ = context.allowTF32CuBLAS();
    cudnn_tf32_ = context.allowTF32CuDNN();
    benchmark_ = context.benchmarkCuDNN();
    context.setAllowTF32CuBLAS(precision == Precision::kTf32);
    context.setAllowTF32CuDNN(precision == Precision::kTf32);
    context.setBenchmarkCuDNN(true);
  }
  ~MeasuringScope() {
    at::set_num_threads(threads_);
    if (!cuda_) return;
    auto& context = at::globalContext();
    context.setAllowTF32CuBLAS(cublas_tf32_);
    context.setAllowTF32CuDNN(cudnn_tf32_);
    context.setBenchmarkCuDNN(benchmark_);
  }
  MeasuringScope(const MeasuringScope&) = delete;
  MeasuringScope& operator=(const MeasuringScope&) = delete;

 private:
  int threads_;
  bool cuda_;
  bool cublas_tf32_ = false, cudnn_tf32_ = false, benchmark_ = false;
};

void wait_for(const at::Device& device) {
  if (device.is_cuda()) torch::cuda::synchronize(device.index());
}

std::vector<double> timed_runs(const LatencyConfig& config, const at::Device& device,
                               NetworkModule& module, const at::Tensor& images) {
  using Clock = std::chrono::steady_clock;
  for (int i = 0; i < config.warmup; ++i) module->forward(images);
  std::vector<double> ms;
  for (int i = 0; i < config.repeats; ++i) {
    wait_for(device);
    const auto start = Clock::now();
    module->forward(images);
    wait_for(device);
    ms.push_back(std::chrono::duration<double, std::milli>(Clock::now() - start).count());
  }
  return ms;
}

std::vector<double> run(const LatencyConfig& config, Precision precision, const Network& network) {
  const at::Device device = device_from_text(config.device);
  const at::ScalarType dtype = dtype_of(precision, device);
  const at::NoGradGuard no_grad;
  const MeasuringScope scope(config.threads, precision, device.is_cuda());
  NetworkModule module(network, kSeed);
  module->eval();
  module->to(dtype);
  place(*module, device);
  const Shape& shape = network.input_shape();
  const at::Generator generator =
      at::detail::createCPUGenerator(derive_seed(kSeed, 0, "latency images"));
  const at::Tensor images = place(
      at::randn({config.batch, shape.channels, shape.height, shape.width}, generator).to(dtype),
      device);
  return timed_runs(config, device, module, images);
}

// The CPU allocator has no exception type of its own.
bool tells_out_of_memory(const std::string& what) {
  for (const char* phrase : {"out of memory", "not enough memory", "can't allocate memory"}) {
    if (what.find(phrase) != std::string::npos) return true;
  }
  return false;
}

Error out_of_memory(const Network& network, int batch, const std::string& device) {
  return {ErrorKind::kInfeasible, "latency: " + network.name() + " at batch " +
                                      std::to_string(batch) + " does not fit into the memory of " +
                                      device + "; use a smaller batch or resolution"};
}

double quantile(const std::vector<double>& sorted, double share) {
  const double position = share * static_cast<double>(sorted.size() - 1);
  const auto low = static_cast<size_t>(std::floor(position));
  const size_t high = std::min(low + 1, sorted.size() - 1);
  return sorted[low] + (position - std::floor(position)) * (sorted[high] - sorted[low]);
}

}  // namespace

Repeats summarize(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return {quantile(values, 0.5), (quantile(values, 0.75) - quantile(values, 0.25)) / 2};
}

MeasuredOracle::MeasuredOracle(const LatencyConfig& config)
    : config_(config), precision_(config.precision.value_or(Precision::kFp32)) {
  const at::Device device = device_from_text(config.device);
  dtype_of(precision_, device);
  device_text_ = device.is_cuda() ? cuda_name(device.has_index() ? device.index() : 0)
                                  : cpu_name() + ", " + std::to_string(config.threads) +
                                        (config.threads == 1 ? " thread" : " threads");
}

std::string MeasuredOracle::description() const {
  return device_text_ + ", batch " + std::to_string(config_.batch) + ", " + enum_name(precision_) +
         ", measured, median of " + std::to_string(config_.repeats);
}

Latency MeasuredOracle::estimate(const Network& network) const {
  Latency latency{.batch = config_.batch,
                  .precision = precision_,
                  .device = device_text_,
                  .method = "measured",
                  .repeats = config_.repeats};
  try {
    const Repeats repeats = summarize(run(config_, precision_, network));
    latency.ms = repeats.median;
    latency.spread_ms = repeats.spread;
  } catch (const std::bad_alloc&) {
    throw out_of_memory(network, config_.batch, device_text_);
  } catch (const c10::Error& error) {
    if (!tells_out_of_memory(error.what_without_backtrace())) throw;
    throw out_of_memory(network, config_.batch, device_text_);
  }
  const NetworkCost needs = cost(network);
  latency.intensity = needs.operational_intensity(bytes_per_element(precision_), config_.batch);
  latency.flops = 2.0 * static_cast<double>(needs.total.madds) * config_.batch;
  latency.bytes = latency.intensity > 0 ? latency.flops / latency.intensity : 0;
  if (latency.spread_ms > kNoisy * latency.ms) {
    spdlog::warn(
        "latency: {} varies by {} around {} on {}: the machine is busy; raise latency.repeats",
        network.name(), format_ms(latency.spread_ms), format_ms(latency.ms), device_text_);
  }
  return latency;
}

}  // namespace ridgeline
