#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <exception>
#include <optional>
#include <string>

namespace ridgeline {

/// What the text of an error says of memory.
enum class MemoryBlame {
  kNone,
  kPossible,  ///< cuDNN and cuBLAS say so of a lack of memory, and of other things
  kCertain
};
MemoryBlame memory_blame(const std::string& message);

/// Whether `error` says that `device` (or the CPU) had no memory left. What may have other causes
/// counts where the device has under 1 GiB left for this process.
bool is_out_of_memory(const std::exception& error, const c10::Device& device);

/// The most that the allocator gave out and took from the GPU since `reset_peak_memory`.
struct PeakMemory {
  int64_t allocated_bytes = 0, reserved_bytes = 0;
};
/// Nothing for a CPU.
std::optional<PeakMemory> peak_memory(const c10::Device& device);
void reset_peak_memory(const c10::Device& device);

/// The part of a GPU of `total_bytes` that one of `processes` on it may take for tensors: its share
/// less what CUDA itself takes for each process (0.75 GiB), and at least half of its share.
double memory_share(double total_bytes, int processes);
/// Keeps this process's tensors on `device` within `memory_share`: what goes beyond is an
/// out-of-memory error of this process, not of its neighbours. A CPU has no such limit.
void limit_memory(const c10::Device& device, int processes);

/// Gives freed memory that the allocator keeps back to the GPUs, for other processes.
void release_cached_memory();

}  // namespace ridgeline
