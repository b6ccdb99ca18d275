#include "runtime/device_memory.h"

#include <ATen/ATen.h>
#include <c10/core/DeviceGuard.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <array>
#include <limits>
#include <new>

#include "runtime/gpu.h"
#ifdef RIDGELINE_CUDA
#include <c10/cuda/CUDACachingAllocator.h>
#endif

namespace ridgeline {
namespace {

constexpr double kGib = 1024.0 * 1024 * 1024;
/// Context, kernels and library handles of one process.
constexpr double kContextBytes = 0.75 * kGib;
/// A library that finds less than this may fail for want of a workspace.
constexpr double kScarceBytes = kGib;

constexpr std::array kCertain = {
    "out of memory",  // "CUDA out of memory", "CUDA error: out of memory", NCCL's "Cuda failure 2"
    "not enough memory",  // the CPU allocator, which throws a plain c10::Error
    "can't allocate memory", "STATUS_ALLOC_FAILED",  // cuDNN, cuBLAS, cuSPARSE, cuSOLVER
    "Failed to CUDA calloc",                         // NCCL
};
constexpr std::array kPossible = {
    "CUDNN_STATUS_NOT_SUPPORTED",
    "CUDNN_STATUS_INTERNAL_ERROR",
    "CUDNN_STATUS_NOT_INITIALIZED",
    "CUDNN_STATUS_EXECUTION_FAILED",
    "CUBLAS_STATUS_INTERNAL_ERROR",
    "CUBLAS_STATUS_NOT_INITIALIZED",
    "CUBLAS_STATUS_EXECUTION_FAILED",
    "unable to find an engine to execute this computation",
    "Unable to find a valid cuDNN algorithm",
};

template <size_t N>
bool names_any(const std::string& text, const std::array<const char*, N>& phrases) {
  return std::any_of(phrases.begin(), phrases.end(),
                     [&](const char* phrase) { return text.find(phrase) != std::string::npos; });
}

#ifdef RIDGELINE_CUDA
namespace allocator = c10::cuda::CUDACachingAllocator;

double limit_bytes = std::numeric_limits<double>::infinity();  // of this process

/// The allocator knows its devices only once CUDA has started.
void start_cuda(const c10::Device& device) { at::empty({1}, at::TensorOptions().device(device)); }

/// Bytes that this process could still have. What a failed training gave back is still with the
/// allocator, so this holds for the moment of the failure.
double bytes_left(const c10::Device& device) {
  using Info = int (*)(size_t*, size_t*);
  const auto read = reinterpret_cast<Info>(cuda_driver_function("cuMemGetInfo_v2"));
  const c10::DeviceGuard guard(device);
  size_t available = 0, total = 0;
  if (!read || read(&available, &total) != 0) return 0;  // so little that not even this works
  const auto reserved =
      static_cast<double>(allocator::getDeviceStats(device.index()).reserved_bytes[0].current);
  return std::min(static_cast<double>(available), limit_bytes - reserved);
}
#endif

}  // namespace

MemoryBlame memory_blame(const std::string& message) {
  if (names_any(message, kCertain)) return MemoryBlame::kCertain;
  if (names_any(message, kPossible)) return MemoryBlame::kPossible;
  return MemoryBlame::kNone;
}

bool is_out_of_memory(const std::exception& error, [[maybe_unused]] const c10::Device& device) {
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) return true;
  if (dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr) return true;
  const MemoryBlame blame = memory_blame(error.what());
  if (blame != MemoryBlame::kPossible) return blame == MemoryBlame::kCertain;
#ifdef RIDGELINE_CUDA
  return device.is_cuda() && bytes_left(device) < kScarceBytes;
#else
  return false;
#endif
}

double memory_share(double total_bytes, int processes) {
  const double share = total_bytes / std::max(1, processes);
  return std::max(share - kContextBytes, share / 2);
}

#ifdef RIDGELINE_CUDA

std::optional<PeakMemory> peak_memory(const c10::Device& device) {
  if (!device.is_cuda()) return std::nullopt;
  const auto stats = allocator::getDeviceStats(device.index());
  return PeakMemory{stats.allocated_bytes[0].peak, stats.reserved_bytes[0].peak};  // 0: aggregate
}

void reset_peak_memory(const c10::Device& device) {
  if (!device.is_cuda()) return;
  start_cuda(device);
  allocator::resetPeakStats(device.index());
}

void limit_memory(const c10::Device& device, int processes) {
  if (!device.is_cuda()) return;
  start_cuda(device);
  const double total = cuda_memory_bytes(device.index());
  limit_bytes = memory_share(total, processes);
  allocator::setMemoryFraction(limit_bytes / total, device.index());
}

void release_cached_memory() { allocator::emptyCache(); }

#else

std::optional<PeakMemory> peak_memory(const c10::Device&) { return std::nullopt; }
void reset_peak_memory(const c10::Device&) {}
void limit_memory(const c10::Device&, int) {}
void release_cached_memory() {}

#endif

}  // namespace ridgeline
