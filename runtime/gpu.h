#pragma once

#include <compare>
#include <optional>
#include <string>

namespace ridgeline {

// What the CUDA driver and LibTorch tell of GPUs. Goes through the driver's stable C interface, so
// that one source compiles with and without CUDA headers. The driver numbers devices as the CUDA
// runtime does, within CUDA_VISIBLE_DEVICES.

/// A function of the driver ("cuInit"), or null where the driver or the function is not there.
void* cuda_driver_function(const char* name);

/// Model name of GPU `index`, or "CUDA device N" where the driver does not tell.
std::string cuda_name(int index);
/// Bytes of memory of GPU `index`. Throws `kConfig` where the driver does not tell.
double cuda_memory_bytes(int index);

/// NVIDIA's generation of a GPU: 7.0 is V100, 8.0 is A100, 9.0 is H100.
struct ComputeCapability {
  int major = 0, minor = 0;
  auto operator<=>(const ComputeCapability&) const = default;
  /// "8.0"
  std::string str() const;
};
/// Nothing where the driver does not tell.
std::optional<ComputeCapability> compute_capability(int index);

/// bfloat16 and TF32 units came with this one.
inline constexpr ComputeCapability kAmpere{8, 0};

/// "13.2" of CUDA's 13020; "9.26.0" of cuDNN's 92600, "8.9.7" of its 8907.
std::string cuda_version_text(long number);
std::string cudnn_version_text(long number);

/// "CUDA 13.2 (driver 13.2), cuDNN 9.26.0"; empty where LibTorch is built without CUDA.
std::string gpu_software();

}  // namespace ridgeline
