#include "latency/measurement/measuring_scope.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>

#include "runtime/device_memory.h"
#include "runtime/torch_compat.h"

namespace ridgeline {

MeasuringScope::MeasuringScope(const c10::Device& device, int threads, Precision precision)
    : threads_(at::get_num_threads()), cuda_(device.is_cuda()) {
  at::set_num_threads(threads);
  if (!cuda_) return;
  at::Context& context = at::globalContext();
  tf32_products_ = context.allowTF32CuBLAS();
  tf32_convolutions_ = context.allowTF32CuDNN();
  benchmark_ = context.benchmarkCuDNN();
  deterministic_ = context.deterministicAlgorithms();
  deterministic_cudnn_ = context.deterministicCuDNN();
  context.setBenchmarkCuDNN(true);
  use_deterministic_algorithms(false);
  use(precision);
}

MeasuringScope::~MeasuringScope() {
  at::set_num_threads(threads_);
  if (!cuda_) return;
  at::Context& context = at::globalContext();
  context.setAllowTF32CuBLAS(tf32_products_);
  context.setAllowTF32CuDNN(tf32_convolutions_);
  context.setBenchmarkCuDNN(benchmark_);
  use_deterministic_algorithms(deterministic_);
  context.setDeterministicCuDNN(deterministic_cudnn_);
  release_cached_memory();
}

void MeasuringScope::use(Precision precision) const {
  if (cuda_) allow_tf32(precision == Precision::kTf32);
}

}  // namespace ridgeline
