#include "latency/measurement/device_run.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <chrono>
#include <optional>

#include "core/random.h"
#include "latency/measurement/cuda_timer.h"
#include "latency/measurement/device_name.h"
#include "latency/measurement/measuring_scope.h"
#include "runtime/device.h"
#include "runtime/device_memory.h"
#include "runtime/network_module.h"

namespace ridgeline {
namespace {

using Clock = std::chrono::steady_clock;

constexpr uint64_t kSeed = 0;

double ms_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

at::MemoryFormat layout_of(MemoryFormat format) {
  return format == MemoryFormat::kChannelsLast ? at::MemoryFormat::ChannelsLast
                                               : at::MemoryFormat::Contiguous;
}

/// Runs `action`; memory that is not there becomes an `Error` of kind `kInfeasible`.
template <class Action>
auto with_memory(const RunPlace& place, const std::string& network, Action action) {
  const auto full = [&] {
    return Error(ErrorKind::kInfeasible,
                 "latency: " + network + " at batch " + std::to_string(place.batch) +
                     " does not fit into the memory of " + place.device_text() +
                     "; use a smaller batch or resolution");
  };
  try {
    return action();
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    if (!is_out_of_memory(error, device_from_text(place.device))) throw;
    throw full();
  }
}

}  // namespace

RunPlace RunPlace::of(const LatencyConfig& config) {
  const Precision precision = config.precision.value_or(Precision::kFp32);
  dtype_of(precision, device_from_text(config.measured.device));
  return {.device = config.measured.device,
          .threads = config.measured.threads,
          .batch = config.batch,
          .precision = precision,
          .memory_format = config.measured.memory_format};
}

std::string RunPlace::device_text() const {
  const at::Device target = device_from_text(device);
  if (target.is_cuda()) return cuda_name(target.index());
  return cpu_name() + ", " + std::to_string(threads) + (threads == 1 ? " thread" : " threads");
}

TimingRules timing_rules(const TimingConfig& config) {
  return {.warmup = config.warmup,
          .min_runs = std::min(10, config.repeats),
          .max_runs = config.repeats,
          .half_width = config.confidence_width,
          .time_limit_s = config.time_limit_s};
}

struct DeviceRun::Impl {
  Impl(const RunPlace& run_place, const Network& network, int copies)
      : place(run_place),
        name(network.name()),
        nodes(network.size()),
        device(device_from_text(place.device)),
        scope(device, place.threads, place.precision) {
    const at::NoGradGuard no_grad;
    const at::ScalarType dtype = dtype_of(place.precision, device);
    const at::MemoryFormat layout = layout_of(place.memory_format);
    for (int i = 0; i < copies; ++i) {
      NetworkModule module(network, kSeed);
      module->eval();
      module->to(dtype);
      ridgeline::place(*module, device, layout);
      modules.push_back(module);
    }
    const Shape& shape = network.input_shape();
    const at::Generator generator =
        at::detail::createCPUGenerator(derive_seed(kSeed, 0, "latency images"));
    images = ridgeline::place(
        at::randn({place.batch * shape.batch, shape.channels, shape.height, shape.width}, generator)
            .to(dtype),
        device, layout);
    if (device.is_cuda()) timer.emplace(device, nodes);
  }

  double run_ms() {
    NetworkModule& module = next_module();
    if (timer) {
      timer->mark(0);
      module->forward(images);
      timer->mark(1);
      return timer->ms_between(0, 1);
    }
    const auto start = Clock::now();
    module->forward(images);
    return ms_since(start);
  }

  std::vector<double> run_nodes_ms() {
    NetworkModule& module = next_module();
    std::vector<double> ms(static_cast<size_t>(nodes), 0);
    if (timer) {
      module->watch([&](int node) { timer->mark(node); });
      timer->mark(0);
      module->forward(images);
      for (int i = 1; i < nodes; ++i) ms[static_cast<size_t>(i)] = timer->ms_between(i - 1, i);
    } else {
      auto before = Clock::now();
      module->watch([&](int node) {
        ms[static_cast<size_t>(node)] = ms_since(before);
        before = Clock::now();
      });
      before = Clock::now();
      module->forward(images);
    }
    module->watch({});
    return ms;
  }

  NetworkModule& next_module() {
    next = (next + 1) % modules.size();
    return modules[next];
  }

  RunPlace place;
  std::string name;
  int nodes;
  at::Device device;
  MeasuringScope scope;
  std::vector<NetworkModule> modules;
  at::Tensor images;
  std::optional<CudaTimer> timer;
  size_t next = 0;
};

DeviceRun::DeviceRun(const RunPlace& place, const Network& network, int copies) {
  with_memory(place, network.name(),
              [&] { impl_ = std::make_unique<Impl>(place, network, copies); });
}

DeviceRun::~DeviceRun() = default;

double DeviceRun::run_ms() {
  const at::NoGradGuard no_grad;
  return with_memory(impl_->place, impl_->name, [&] { return impl_->run_ms(); });
}

std::vector<double> DeviceRun::run_nodes_ms() {
  const at::NoGradGuard no_grad;
  return with_memory(impl_->place, impl_->name, [&] { return impl_->run_nodes_ms(); });
}

}  // namespace ridgeline
